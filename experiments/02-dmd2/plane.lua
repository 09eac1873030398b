-- A one-step student of the ring of eight Gaussians by p.ratio fake updates a generator update.
local as = require "assay"
local ring = require "testbed.ring"

local plane = {}

--- p.updates generator updates of DMD2's distiller, measured every p.every of them.
function plane.run(run, p)
  local law, fresh = ring.law(p.samples)
  local first = ring.start(run, p.start)
  local d = { "dmd2", ratio = p.ratio, schedule = { p.sigma_init }, sigma_data = ring.sd }
  d.teacher = law.denoise
  d.student, d.fake = first:clone():unfreeze(), first:clone():unfreeze()
  d.student_optimizer = as.optim.adamw { d.student, lr = p.lr, decay = 0.01 }
  d.fake_optimizer = as.optim.adamw { d.fake, lr = p.lr, decay = 0.01 }
  local distiller, level = as.distiller(d), as.full(p.sigma_init, p.samples)
  local last, clock = {}, 0
  for update = 1, p.updates do
    local began = as.clock()
    as.scope(function()
      for _ = 1, p.ratio do
        distiller:step(as.randn { p.batch, 2, stream = "z" })
      end
    end)
    clock = clock + as.clock() - began
    if update % p.every == 0 then
      as.scope(as.no_grad, function()
        local x = d.student(as.randn { p.samples, 2, stream = "samples" } * p.sigma_init, level)
        local row = ring.judge(law, fresh, x)
        row["clock/seconds"], row["clock/ms a step"] = clock, clock * 1000 / (update * p.ratio)
        last[#last + 1] = row.W2
        if update == p.updates then
          row["W2/worst of last five"] = math.max(table.unpack(last, math.max(1, #last - 4)))
        end
        run:log(update, row)
      end)
    end
  end
end

return plane
