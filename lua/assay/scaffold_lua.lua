-- The bodies of new plugins in Lua by kind: the same methods as those in C (assay.scaffold).
return {
  losses = [[
  -- loss[b] = weight (x[b] - y[b])^2
  forward = function(self, x, y)
    return self.weight * (x - y):square()
  end,]],
  heads = [[
  -- loss[b] = -weight <a[b], b[b]>
  forward = function(self, a, b)
    return -self.weight * (a * b):sum(-1)
  end,]],
  samplers = [[
  start = function(self, s, _, noise, shape)
    s.steps = 4
    s.x = self:start_noise(noise, shape)
  end,
  -- x <- x + weight / 4 s(x, t) at t = 1, 3/4, 1/2, 1/4
  advance = function(self, s, index, model)
    local t = 1 - index / 4
    local at = { t = t, t_next = t - 0.25, alpha = 1, sigma = t, index = index }
    self:pre_step(at, s)
    local score = model(s.x, as.full(t, s.x:size(1)))
    s.x = s.x + self:guide(at, s.x, score) * (self.weight / 4)
    self:moved(at, s)
    self:post_step(at, s)
  end,]],
  hooks = [[
  -- s - weight x: pulls the samples towards 0
  guide = function(self, _, x, score)
    return score - self.weight * x
  end,]],
  distillers = [[
  -- weight mean |student - teacher|^2, one optimizer step of the student where an optimizer is given
  step = function(self, x, student, teacher, optimizer)
    local loss = self.weight * (student(x) - teacher(x):detach()):square():mean()
    if optimizer then
      optimizer:update(loss)
    end
    return loss
  end,]],
  soups = [[
  -- theta = theta_1 + weight (theta_K - theta_1); counts are the first's
  merge = function(self, states)
    local first, last, merged = states[1], states[#states], {}
    for _, name in ipairs(first) do
      local a, b = first[name], last[name]
      merged[name] = a.dtype == "i64" and a or a + self.weight * (b - a)
    end
    return merged
  end,]],
  scores = [[
  -- weight times the largest probability of each item
  score = function(self, logits)
    local top = logits:softmax(-1):max(-1)
    if top:min():item() > 0.9 then
      self:verdict "accept"
    end
    return self.weight * top
  end,]],
  adapters = [[
  -- The model's outputs less weight times their mean over the batch
  adapt = function(self, model, x)
    local y = model(x)
    return y - self.weight * y:mean(1)
  end,]],
  datasets = [[
  open = function()
    return { "train" }
  end,
  -- x[n] = weight
  read = function(self)
    return { x = as.full(self.weight, 8, 1) }
  end,]],
}
