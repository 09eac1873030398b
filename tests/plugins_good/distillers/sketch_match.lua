-- Trains a model through its optimizer; reads its parameters, calls it with others.
local as = require "assay.plugin"

return as.plugin {
  kind = "distillers", name = "sketch_match", version = "1.0.0", doc = "least squares; the halved student",
  signature = "x f32[B,D], student model{params, modes}(f32[B,D] -> f32[B,C]), "
    .. "teacher model(f32[B,D] -> f32[B,C]), optimizer group -> loss f32",
  step = function(self, x, student, teacher, optimizer)
    student:mode "eval"
    local halved = {}
    for name, w in pairs(student:state()) do
      if type(name) == "string" then
        halved[name] = w * 0.5
      end
    end
    self:report("halved", student:call_with(halved, x):mean())
    student:mode "train"
    local loss = (student(x) - teacher(x):detach()):square():mean()
    optimizer:update(loss)
    return loss
  end,
}
