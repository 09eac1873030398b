-- What is wrong with a claim, as a sentence for its author, told from mistakes of other kinds by its type.
local Fault = {}
Fault.__index = Fault
Fault.__tostring = function(fault)
  return fault.text
end

local fault = {}

--- Raises the sentence, formatted.
function fault.raise(text, ...)
  error(setmetatable({ text = text:format(...) }, Fault), 0)
end

--- The sentence of an error's value, nil if that is none of ours.
---@return string?
function fault.text(problem)
  return getmetatable(problem) == Fault and problem.text or nil
end

return fault
