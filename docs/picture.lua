-- Draws docs/heun.svg: samplers/heun turning noise into a mixture of eight Gaussians.
--   assay script docs/picture.lua docs/heun.svg
local as = require "assay"

local radius <const>, variance <const>, side <const>, gap <const> = 4, 0.09, 150, 8
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

local sampler = as.sampler { "heun", model = denoiser, steps = 24, sigma_max = 20 }
local panels = {}
local function keep(x, span)
  panels[#panels + 1] = { x = x:tolist(), span = span }
end

local noise = as.randn(400, 2) -- the sampler scales it to sigma_max
keep(noise * 20, 45)
local sampling = sampler:start { noise = noise }
for step = 1, 24 do
  sampling:step()
  if step == 10 or step == 15 or step == 24 then
    keep(sampling:finish(), step == 10 and 14 or 6)
  end
end

local out = assert(io.open(arg[1], "w"))
local open <const> = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
  .. 'font-size="12">'
out:write(open:format(4 * side + 3 * gap, side + 20), "\n")
for i, panel in ipairs(panels) do
  local left = (i - 1) * (side + gap)
  out:write(([[<rect x="%d" width="%d" height="%d" fill="#f4f4f4"/>]]):format(left, side, side), "\n")
  for _, point in ipairs(panel.x) do
    local px, py = left + side / 2 * (1 + point[1] / panel.span), side / 2 * (1 - point[2] / panel.span)
    if px > left and px < left + side and py > 0 and py < side then
      out:write(([[<circle cx="%.1f" cy="%.1f" r="1.4" fill="#0072b2"/>]]):format(px, py), "\n")
    end
  end
  local label = ({ "noise", "10 steps", "15 steps", "24 steps" })[i]
  local text <const> = '<text x="%d" y="%d" fill="#777">%s, to %d</text>'
  out:write(text:format(left, side + 15, label, panel.span), "\n")
end
out:write "</svg>\n"
out:close()
