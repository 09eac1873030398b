-- What `assay tune` tries, eight points an arm, chosen by recall at 1 on the rotations of one training
-- original that is held out, on a seed that judges nothing; never by OPIS. The base first, then its values
-- stand in the script and the margins of TCM are chosen upon them:
--   ./assay tune experiments/20-tcm/experiment.lua --arm contrastive_odd --arm contrastive_high -j 2
--   ./assay tune experiments/20-tcm/experiment.lua --arm tcm_odd --arm tcm_high -j 2
return function(arms)
  local over = { ["params.validation"] = { true } }
  for name, arm in pairs(arms) do
    local path = ("arms.%s."):format(name)
    if arm.tcm_loss then
      over[path .. "tcm_loss.m_pos"] = { 0.8, 0.9 }
      over[path .. "tcm_loss.m_neg"] = { 0.3, 0.5 }
      over[path .. "weight"] = { 0.5, 1.0 }
    elseif name:find "^contrastive" then
      over[path .. "base_loss.mp"] = { 0.9, 1.0 }
      over[path .. "base_loss.mn"] = { 0.3, 0.5 }
      over[path .. "lr"] = { 1e-3, 3e-3 }
    end
  end
  return { metric = "val/recall", rule = "highest", seeds = { 100 }, over = over }
end
