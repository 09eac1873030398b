-- Reads bytes of a file of its folder.
local as = require "assay.plugin"

return as.plugin {
  kind = "datasets", name = "sketch_lines", version = "1.0.0", doc = "pairs of bytes of a file",
  signature = "-> x f32[N,2]",
  open = function()
    return { "train" }
  end,
  read = function(self)
    local bytes = as.bytes(self:read "pairs.bin", 3)
    return { x = bytes:reshape(-1, 2) * (1 / 255) }
  end,
}
