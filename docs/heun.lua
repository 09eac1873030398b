-- Draws docs/heun.svg: samplers/heun turning noise into a mixture of eight Gaussians.
--   assay script docs/heun.lua docs/heun.svg
local as = require "assay"

local radius <const>, variance <const> = 4, 0.09
local centres = {}
for k = 0, 7 do
  centres[k + 1] = { radius * math.cos(k * math.pi / 4), radius * math.sin(k * math.pi / 4) }
end
local mu = as.tensor(centres) -- [8,2]

-- E[x0 | x] under noise sigma, exactly: a mean of the components' posterior means
local function denoiser(x, sigma)
  local s2 = sigma:square():unsqueeze(2) -- [B,1]
  local apart = (x:unsqueeze(2) - mu):square():sum { 3 } -- [B,8]
  local w = (apart / (s2 + variance) * -0.5):softmax(2):unsqueeze(3) -- [B,8,1]
  local means = (x * variance):unsqueeze(2) + s2:unsqueeze(3) * mu -- [B,8,2]
  return (w * means):sum { 2 } / (s2 + variance)
end

local panels = { columns = 4 }
local function keep(title, x, span)
  local range = { -span, span }
  panels[#panels + 1] = as.plot.scatter { { points = x }, title = title, x_range = range, y_range = range,
    width = 210, height = 220 }
end

local sampler = as.sampler { "heun", model = denoiser, steps = 24, sigma_max = 20 }
local noise = as.randn(400, 2) -- the sampler scales it to sigma_max
keep("noise", noise * 20, 50)
local sampling = sampler:start { noise = noise }
for step = 1, 24 do
  sampling:step()
  if step == 10 or step == 15 or step == 24 then
    keep(step .. " steps", sampling:finish(), step == 10 and 14 or 6)
  end
end
as.plot.panels(panels):save(arg[1])
