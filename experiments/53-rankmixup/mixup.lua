-- The mixed copies of a batch, as forward_multimixup of the authors' code makes them: for each copy one
-- weight and one permutation for the whole batch.
local as = require "assay"

--- M copies of x [B,...] mixed with partners: mix_m x + (1 - mix_m) x[perm_m], mix_m from Beta(a, a). The
--- draws come from the streams "mix" and "partner".
---@return { x: assay.Tensor, labels: assay.Tensor, mix: assay.Tensor, coef: assay.Tensor } copy after copy: x
--- [M*B,...], the partners' labels [M*B], mix [M], and coef [M*B], the largest share a label has
return function(x, y, a, M)
  local mix = as.beta(a, a, { M, stream = "mix" })
  local images, labels, coefs = {}, {}, {}
  for m, weight in ipairs(mix:tolist()) do
    local partner = as.permutation(#y, { stream = "partner" })
    images[m] = x * weight + x:index_select(partner, 1) * (1 - weight)
    labels[m] = y:index_select(partner, 1)
    local same = labels[m]:eq(y):float()
    coefs[m] = same + (1 - same) * math.max(weight, 1 - weight) -- 1 where both have one label
  end
  return { x = as.concat(images, 1), labels = as.concat(labels, 1), mix = mix, coef = as.concat(coefs, 1) }
end
