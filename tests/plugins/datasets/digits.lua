local as = require "assay"

-- Asks a worker of its own for the training split, with ASSAY_DATA at a folder whose digits.csv.gz holds
-- `bytes`.
local function ask(bytes)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute(("mkdir -p %s/digits"):format(folder)))
  for name, content in pairs {
    ["digits/digits.csv.gz"] = bytes,
    ["ask.lua"] = [[
      local as = require "assay"
      local ok, data = pcall(function() return as.dataset { "digits" }.train end)
      io.write(ok and table.concat(data.x:slice(1, 2, 2):reshape(-1):tolist(), " ") or tostring(data))
    ]],
  } do
    local f = assert(io.open(folder .. "/" .. name, "wb"))
    f:write(content)
    f:close()
  end
  local p = assert(io.popen(("HOME=%s ASSAY_DATA=%s %s/assay-worker script %s/ask.lua 2>&1"):format(folder,
    folder, os.getenv "ASSAY_BUILD", folder)))
  local text = p:read "a"
  p:close()
  os.execute("rm -r " .. folder)
  return text
end

-- Row i of a made-up file: pixels i, i + 1, ... modulo 17, label i modulo 10.
local function rows(n)
  local list = {}
  for i = 1, n do
    local row = {}
    for k = 1, 64 do
      row[k] = (i + k - 1) % 17
    end
    row[65] = i % 10
    list[i] = table.concat(row, ",") .. "\n"
  end
  return table.concat(list)
end

describe("datasets/digits", function()
  it("reads 64 numbers of 0 to 16 and a label a line", function()
    local want = {}
    for k = 1, 64 do
      want[k] = ("%.14g"):format((1 + k) % 17 / 16)
    end
    local got = {}
    for word in ask(rows(1797)):gmatch "%S+" do
      got[#got + 1] = ("%.14g"):format(tonumber(word))
    end
    assert.same(want, got)
  end)

  it("says what is wrong with a file", function()
    assert.matches("digits.csv.gz: line 1 is not 64 numbers", ask "", 1, true)
    assert.matches("digits.csv.gz: line 1797 is not 64 numbers", ask(rows(1796)), 1, true)
    assert.matches("more than 1797 lines", ask(rows(1798)), 1, true)
    assert.matches("line 2 is not", ask(rows(1) .. "17" .. rows(1):sub(2)), 1, true)
    assert.matches("line 2 is not", ask(rows(1) .. rows(1):gsub(",1\n", ",10\n")), 1, true)
    assert.matches("line 2 is not", ask(rows(1) .. "x"), 1, true)
  end)

  it("has 1,400 and 397 digits", function()
    local data = as.dataset { "digits" }
    local ok, train = pcall(function() return data.train end)
    if not ok then -- a machine without the file
      assert.matches("not found in", train, 1, true)
      pending(train)
    end
    assert.same({ 1400, 1, 8, 8 }, train.x:shape())
    assert.same({ 397 }, data.test.y:shape())
    assert.same({ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, train.y:slice(1, 1, 10):tolist())
    assert.equal(0, train.x:min():item())
    assert.equal(1, train.x:max():item())
  end)
end)
