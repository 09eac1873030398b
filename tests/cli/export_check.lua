-- Reads back what assay export wrote, by parsers that know nothing of how it was written, and compares with
-- what was logged. arg: folder of CSV, folder of JSON lines, folder of event files.
local cjson = require "cjson"
local csv_folder, json_folder, board_folder = arg[1], arg[2], arg[3]

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "a"
  f:close()
  return text
end

-- RFC 4180: a list of records with the header's names.
local function parse_csv(text)
  local rows, row, at = {}, {}, 1
  while at <= #text do
    local field
    if text:sub(at, at) == '"' then
      local parts, stop = {}, at
      repeat
        local from = stop + 1
        stop = assert(text:find('"', from, true), "a quote that does not end")
        parts[#parts + 1] = text:sub(from, stop - 1)
        local again = text:sub(stop + 1, stop + 1) == '"'
        if again then
          parts[#parts + 1], stop = '"', stop + 1
        end
      until not again
      field, at = table.concat(parts), stop + 1
    else
      local stop = assert(text:find("[,\r]", at))
      field, at = text:sub(at, stop - 1), stop
      assert(not field:find '[\n"]')
    end
    row[#row + 1] = field
    if text:sub(at, at) == "," then
      at = at + 1
    else
      assert(text:sub(at, at + 1) == "\r\n", "a row that does not end")
      rows[#rows + 1], row, at = row, {}, at + 2
    end
  end
  local records = {}
  for i = 2, #rows do
    assert(#rows[i] == #rows[1], "row " .. i .. " has " .. #rows[i] .. " fields")
    records[i - 1] = {}
    for k, name in ipairs(rows[1]) do
      records[i - 1][name] = rows[i][k]
    end
  end
  return records
end

local function parse_jsonl(text)
  local records = {}
  for line in text:gmatch "([^\n]*)\n" do
    records[#records + 1] = cjson.decode((line:gsub("(%-?)9e999", '"%1inf"')))
  end
  return records
end

local function same(got, want, what)
  if got ~= want and not (got ~= got and want ~= want) then
    error(("%s: %s, expected %s"):format(what, got, want), 2)
  end
end

-- what odd.lua logs at steps 1 to 7 of seed 1
local values = { 0.1, 1 / 3, 4.9406564584124654e-324, 1.7976931348623157e308, math.huge, -math.huge, 0 / 0 }
local numbers = { NaN = 0 / 0, inf = math.huge, ["-inf"] = -math.huge }
local function number(text)
  return numbers[text] or tonumber(text)
end

local function check_tables(folder, ending, parse, null)
  local function records(name)
    return parse(read(folder .. "/" .. name .. ending))
  end
  local metrics, n = records "metrics", 0
  for _, r in ipairs(metrics) do
    if tonumber(r.run) == 1 and r.name == "odd" then
      n = n + 1
      same(tonumber(r.step), n, "step")
      same(r.value == null and 0 / 0 or number(r.value), values[n], "value")
      same(r.experiment, "odd", "experiment")
      same(r.arm, "a-b", "arm")
    end
  end
  same(n, 7, "values of a run")
  same(#metrics, 15, "values") -- 7 + 1 of each seed, less one
  local params = {}
  for _, r in ipairs(records "params") do
    params[math.tointeger(r.run) .. r.name] = r.value
  end
  same(tonumber(params["1lr"]), 0.1, "lr")
  same(params["1text"], 'comma, "quote"\nline', "text")
  local runs = records "runs"
  same(#runs, 2, "runs")
  same(runs[1]["param.text"], 'comma, "quote"\nline', "param.text")
  same(tonumber(runs[2]["param.lr"]), 0.1, "param.lr")
  same(number(runs[1]["last.only, here"]), 0.30000000000000004, "last.only, here")
  same(runs[1]["last.odd"], null, "last.odd")
  same(runs[1].status, "done", "status")
  return runs, params
end

local runs, params = check_tables(csv_folder, ".csv", parse_csv, "NaN")
same(runs[2]["last.only, here"], "", "what a run has not, in CSV")
same(params["1on"], "true", "a boolean in CSV")
same(params["1list"], "[1,2.5]", "a list in CSV")
runs, params = check_tables(json_folder, ".jsonl", parse_jsonl, cjson.null)
same(runs[2]["last.only, here"], nil, "what a run has not, in JSON")
same(params["1on"], true, "a boolean in JSON")
same(params["1list"][2], 2.5, "a list in JSON")

---------------------------------------------------------------------- event files

local function masked_crc(bytes)
  local crc = 0xffffffff
  for i = 1, #bytes do
    crc = crc ~ bytes:byte(i)
    for _ = 1, 8 do
      crc = crc & 1 == 1 and (crc >> 1) ~ 0x82f63b78 or crc >> 1
    end
  end
  crc = crc ~ 0xffffffff
  return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff
end
same(masked_crc "123456789", (((0xe3069283 >> 15) | (0xe3069283 << 17)) + 0xa282ead8) & 0xffffffff, "CRC-32C")

-- The fields of a message: field number -> list of raw values.
local function fields(bytes)
  local out, at = {}, 1
  local function varint()
    local value, shift = 0, 0
    repeat
      local byte = bytes:byte(at)
      value, shift, at = value | (byte & 0x7f) << shift, shift + 7, at + 1
    until byte < 0x80
    return value
  end
  while at <= #bytes do
    local key = varint()
    local kind = key & 7
    local value
    if kind == 0 then
      value = varint()
    elseif kind == 1 then
      value, at = string.unpack("<d", bytes, at)
    elseif kind == 5 then
      value, at = string.unpack("<f", bytes, at)
    else
      assert(kind == 2, "wire type " .. kind)
      local n = varint()
      value, at = bytes:sub(at, at + n - 1), at + n
    end
    out[key >> 3] = out[key >> 3] or {}
    table.insert(out[key >> 3], value)
  end
  return out
end

local function events(path)
  local bytes, at, list = read(path), 1, {}
  while at <= #bytes do
    local length, crc = string.unpack("<I8I4", bytes, at)
    same(crc, masked_crc(bytes:sub(at, at + 7)), "CRC of a length")
    local message = bytes:sub(at + 12, at + 11 + length)
    same(string.unpack("<I4", bytes, at + 12 + length), masked_crc(message), "CRC of an event")
    list[#list + 1] = fields(message)
    at = at + 16 + length
  end
  return list
end

local list = events(board_folder .. "/odd/a-b/seed-1-run-1/" .. arg[4])
same(list[1][3][1], "brain.Event:2", "version")
local scalars, images, hparams = {}, {}, {}
for i = 2, #list do
  local value = fields(fields(list[i][5][1])[1][1])
  local tag = value[1][1]
  if value[2] then
    scalars[#scalars + 1] = { tag = tag, step = list[i][2][1], value = value[2][1] }
  elseif value[4] then
    images[tag] = fields(value[4][1])
  else
    same(tag, "_hparams_/session_start_info", "tag")
    local plugin = fields(fields(value[9][1])[1][1])
    same(plugin[1][1], "hparams", "plugin")
    for _, entry in ipairs(fields(fields(plugin[2][1])[3][1])[1]) do
      local pair = fields(entry)
      hparams[pair[1][1]] = fields(pair[2][1])
    end
  end
end
same(#scalars, 8, "scalars")
local odd = {}
for _, s in ipairs(scalars) do
  if s.tag == "odd" then
    odd[s.step] = s.value
  end
end
for step, value in ipairs(values) do
  same(odd[step], math.abs(value) < 1e308 and string.unpack("<f", string.pack("<f", value)) or
    value == value and (value > 0 and math.huge or -math.huge) or value, "scalar " .. step)
end
same(hparams.lr[2][1], 0.1, "hparam lr")
same(hparams.on[4][1], 1, "hparam on")
same(hparams.text[3][1], 'comma, "quote"\nline', "hparam text")
same(hparams.list[3][1], "[1,2.5]", "hparam list")
same(images.dot[1][1] .. "x" .. images.dot[2][1] .. "x" .. images.dot[3][1], "1x2x3", "image")
same(images.dot[4][1], read "dot.png", "the image's bytes")
print "all read back"
