local as = require "assay"

-- Asks a worker of its own for a split, with ASSAY_DATA at a folder that holds the data set's folder with the
-- given files; what is not given is found where the system has it. Returns what the worker prints: the error,
-- or the first three labels and where the second image has its largest pixel, and its value.
local function ask(name, split, files)
  local folder = os.tmpname()
  os.remove(folder)
  local set = folder .. "/" .. name:gsub("_", "-")
  assert(os.execute("mkdir -p " .. set))
  for file, bytes in pairs(files) do
    local f = assert(io.open(set .. "/" .. file, "wb"))
    f:write(bytes)
    f:close()
  end
  local script = folder .. "/ask.lua"
  local f = assert(io.open(script, "w"))
  f:write(([[
    local as = require "assay"
    local ok, data = pcall(function() return as.dataset { %q }[%q] end)
    if ok then
      local image = data.x:slice(1, 2, 2):reshape(784)
      local a, b, c = table.unpack(data.y:slice(1, 1, 3):tolist())
      local pixel, value = image:argmax(1):item(), image:max():item()
      io.write(("labels %%d %%d %%d, pixel %%d: %%.1f"):format(a, b, c, pixel, value))
    else
      io.write(tostring(data))
    end
  ]]):format(name, split))
  f:close()
  local p = assert(io.popen(("HOME=%s ASSAY_DATA=%s %s/assay-worker script %s 2>&1"):format(folder, folder,
    os.getenv "ASSAY_BUILD", script)))
  local text = p:read "a"
  p:close()
  os.execute("rm -r " .. folder)
  return text
end

local images <const>, labels <const> = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"

-- Test files as the format has them: labels 7, 2, 1, 0, 0, ..., and all black but row 3, column 5 (from 0) of
-- the second image.
local function made_up()
  local before = 784 + 3 * 28 + 5
  return {
    [images] = string.pack(">I4I4I4I4", 0x803, 10000, 28, 28) .. ("\0"):rep(before) .. "\51" ..
      ("\0"):rep(7840000 - before - 1),
    [labels] = string.pack(">I4I4", 0x801, 10000) .. "\7\2\1" .. ("\0"):rep(9997),
  }
end

describe("datasets/fashion_mnist", function()
  it("has 60,000 and 10,000 images, each class equally often", function()
    local data = as.dataset { "fashion_mnist" }
    assert.same({ "train", "test" }, data.splits)
    for split, n in pairs { train = 60000, test = 10000 } do
      local x, y = data[split].x, data[split].y
      assert.same({ n, 1, 28, 28 }, x:shape())
      assert.same({ n }, y:shape())
      for _, count in ipairs(y:one_hot(10):sum(1):tolist()) do
        assert.equal(n / 10, count)
      end
    end
  end)

  it("has pixels in 0 to 1, with the data set's mean and spread", function()
    local x = as.dataset { "fashion_mnist" }.train.x
    assert.equal(0, x:min():item())
    assert.equal(1, x:max():item())
    assert.near(0.2860, x:mean():item(), 5e-5) -- the values everybody normalises with
    assert.near(0.3530, (x - 0.2860):square():mean():sqrt():item(), 5e-5)
  end)

  it("begins with an ankle boot and ends its training labels with a sandal", function()
    local y = as.dataset { "fashion_mnist" }.train.y
    assert.same({ 9, 0, 0, 3, 0, 2, 7, 2, 5, 5 }, y:slice(1, 1, 10):tolist())
    assert.equal(5, y:slice(1, -1, -1):item())
  end)

  it("says what is wrong with a file", function()
    local function fails(text, files)
      assert.matches(text, ask("fashion_mnist", "test", files), 1, true)
    end
    fails("t10k-images-idx3-ubyte.gz: 5 bytes that begin with 0x68656c6c, expected an idx file (0x00000803)",
      { [images] = "hello" })
    fails("t10k-images-idx3-ubyte.gz: 0 bytes", { [images] = "" })
    fails("expected an idx file (0x00000803)",
      { [images] = string.pack(">I4I4", 0x801, 10000) .. ("\0"):rep(10000) })
    fails("size 9 of axis 0, expected 10000", { [images] = string.pack(">I4I4I4I4", 0x803, 9, 28, 28) })
    fails("size 14 of axis 2, expected 28", { [images] = string.pack(">I4I4I4I4", 0x803, 10000, 28, 14) })
    fails("16 bytes, expected 7840016: the file is cut off",
      { [images] = string.pack(">I4I4I4I4", 0x803, 10000, 28, 28) })
    fails("t10k-labels-idx1-ubyte.gz: 9 bytes, expected 10008",
      { [labels] = string.pack(">I4I4", 0x801, 10000) .. "\0" })
    fails("y: value 77 at [1], expected 0 <= value < 10",
      { [labels] = string.pack(">I4I4", 0x801, 10000) .. "\0\77" .. ("\0"):rep(9998) })
    fails("gzip", { [images] = "\x1f\x8b\8\0\0\0\0\0" })
  end)

  it("reads files that are not compressed", function()
    assert.equal("labels 7 2 1, pixel 89: 0.2", ask("fashion_mnist", "test", made_up()))
  end)

  it("knows its splits", function()
    assert.error_matches(function() return as.dataset { "fashion_mnist" }.tset end,
      'no split "tset"; did you mean "test"?', 1, true)
  end)
end)

describe("datasets/mnist", function()
  it("is found beside it, and says where its files belong", function()
    assert.matches("not found in", ask("mnist", "train", {}), 1, true)
    assert.matches("assay data get mnist fetches it, or set ASSAY_DATA to the folder that holds mnist/",
      ask("mnist", "train", {}), 1, true)
  end)

  it("reads files of the format from its own folder", function()
    assert.equal("labels 7 2 1, pixel 89: 0.2", ask("mnist", "test", made_up()))
  end)

  it("has the data set's mean and first labels", function()
    local data = as.dataset { "mnist" }
    local ok, train = pcall(function() return data.train end)
    if not ok then -- a machine without the files: the error is the one above
      assert.matches("not found in", train, 1, true)
      pending(train)
    end
    assert.near(0.1307, train.x:mean():item(), 5e-5)
    assert.same({ 5, 0, 4, 1, 9, 2, 1, 3, 1, 4 }, train.y:slice(1, 1, 10):tolist())
  end)
end)
