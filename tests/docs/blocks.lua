-- Runs what a document shows: assay script tests/docs/blocks.lua README.md
-- In order, in the current folder:
--   ```lua, ```c, ```yaml  whose first line names a file in a comment ("-- my/ring.lua", "/* a/b.c: ...")
--                          are written there
--   ```console             lines after "$ " are run by sh, the lines below must be what they print: "..."
--                          stands for any text, a line of "..." for any lines, spaces for any spaces
-- Other blocks are only shown. A block after <!-- by hand --> is not run: the text around it tells.
local path = arg[1]

local function blocks_of(file)
  local blocks, open, by_hand = {}, nil, false
  local number = 0
  for line in io.lines(file) do
    number = number + 1
    local language = line:match "^```(%w*)"
    if open and line:match "^```%s*$" then
      blocks[#blocks + 1], open = open, nil
    elseif open then
      open[#open + 1] = line
    elseif language then
      open = { language = language, line = number, by_hand = by_hand }
      by_hand = false
    elseif line:match "^<!%-%- by hand %-%->" then
      by_hand = true
    end
  end
  return blocks
end

-- How wide a table's columns are depends on its numbers: any run of spaces is one.
local function squeezed(line)
  return (line:gsub("%s+", " "):gsub(" $", ""):gsub("%-%-+", "--"))
end

-- A pattern for one line of expected output.
local function pattern_of(line)
  local escaped = squeezed(line):gsub("[%^%$%(%)%%%.%[%]%*%+%-%?]", "%%%0")
  return "^" .. escaped:gsub("%%%.%%%.%%%.", ".*") .. "$"
end

-- nil if the lines of `got` are what `want` shows, else the first line of `want` that was not met.
local function differs(want, got)
  local function match(i, k)
    if i > #want then
      return k > #got
    elseif want[i] == "..." then
      for from = k, #got + 1 do
        if match(i + 1, from) then
          return true
        end
      end
      return false
    end
    return k <= #got and squeezed(got[k]):find(pattern_of(want[i])) ~= nil and match(i + 1, k + 1)
  end
  return not match(1, 1)
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n?" do
    lines[#lines + 1] = line
  end
  while lines[#lines] == "" do
    lines[#lines] = nil
  end
  return lines
end

local failed, done = 0, 0

local function check(place, command, want)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1"))
  local got = lines_of(pipe:read "a")
  pipe:close()
  done = done + 1
  if differs(want, got) then
    failed = failed + 1
    local shown, printed = table.concat(want, "\n    "), table.concat(got, "\n    ")
    print(("%s: %s\n  shown:\n    %s\n  printed:\n    %s"):format(place, command, shown, printed))
  end
end

local function run_console(block)
  local command, want, line
  for i = 1, #block + 1 do
    local next_command = block[i] and block[i]:match "^%$ (.*)"
    if next_command or i > #block then
      if command then
        check(("%s:%d"):format(path, line), command, want)
      end
      command, want, line = next_command, {}, block.line + i
    elseif command and command:match "\\$" then
      command = command:gsub("\\$", "") .. block[i]:gsub("^> ", "")
    elseif command then
      want[#want + 1] = block[i]
    end
  end
end

local function write_file(block)
  local first = block[1] or ""
  local name = first:match "^%-%- ([%w_/.-]+%.%w+)" or first:match "^/%* ([%w_/.-]+%.%w+)"
    or first:match "^# ([%w_/.-]+%.%w+)"
  if not name then
    return
  end
  os.execute("mkdir -p $(dirname " .. name .. ")")
  local file = assert(io.open(name, "w"))
  file:write(table.concat(block, "\n"), "\n")
  file:close()
  done = done + 1
end

for _, block in ipairs(blocks_of(path)) do
  if not block.by_hand then
    if block.language == "console" then
      run_console(block)
    else
      write_file(block)
    end
  end
end
print(("%d passed, %d failed"):format(done - failed, failed))
os.exit(failed == 0 and done > 0 and 0 or 1, true)
