-- Writes the pages that are made: docs/services.md from the headers, docs/plugins/KIND/NAME.md and the last
-- column of the kinds' table in docs/plugins.md from the plugins' descriptors. tests/docs/generated.sh compares
-- them with those in the tree.
--   assay script docs/generate.lua SOURCES FOLDER
local root, folder = assert(arg[1], "where are the sources?"), assert(arg[2], "where do the pages go?")

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local function write(path, lines)
  os.execute(("mkdir -p '%s'"):format((folder .. "/" .. path):match "^(.*)/"))
  local file = assert(io.open(folder .. "/" .. path, "w"))
  file:write((table.concat(lines, "\n"):gsub("\n+$", "")), "\n")
  file:close()
end

local function exists(path)
  local file = io.open(path)
  return file and file:close()
end

local function cell(text)
  return (text:gsub("|", "\\|"))
end

---------------------------------------------------------------------- services

-- The text of a C comment. What is indented more than the first line stands on a line of its own.
local function prose(comment)
  local out = ""
  for line in (comment .. "\n"):gmatch "(.-)\n" do
    local star, text = line:match "^(%s*%*)%s*(.-)%s*$"
    local deep = star and line:match "^%s*%*(%s*)"
    text = text or line:match "^%s*(.-)%s*$"
    if text ~= "" then
      local first = out == ""
      local own = not first and deep and #deep > 2 or text:find "^from " or text:find "^%->"
      out = out .. (first and "" or own and "<br>" or " ") .. text
    end
  end
  return (out:gsub("%s+", " "))
end

-- "static inline as_t as_neg(as_ctx *c, as_t x)" without what is the same everywhere.
local function call_text(head)
  head = head:gsub("%s+", " "):gsub("__attribute__%b() ", ""):gsub("static inline ", "")
  return (head:gsub("const as_ctx %*c", "c"):gsub("as_ctx %*c", "c"):gsub("^%s+", ""):gsub("%s+$", ""))
end

-- Steps within the headers, which plugins do not use, and what AS_PLUGIN and the tables fill.
local inner = {
  as_op = true, as_op1 = true, as_op2 = true, as_op1_axis = true, as_op_dims = true, as_reduce = true,
  as_make_dims = true, AS_OFFSET = true, as_checked_offset = true, as_attr = true, as_param = true,
  as_module = true, AS_SDE_ROW = true,
}

-- Things of a header in order: { section = }, { call =, doc = }, { name =, doc =, fields = }.
local function items_of(text)
  local items, seen, at, comment, minor = {}, {}, 1, nil, ""
  local function add(item)
    local name = item.name or item.call and item.call:match "([%w_]+)%("
    if name and (inner[name] or seen[name]) then
      return
    end
    item.doc, comment = (comment or "") .. minor, nil
    items[#items + 1] = item
    seen[name or item] = true
  end
  while at <= #text do
    local _, stop, found = text:find("^/%*(.-)%*/[ \t]*", at)
    if found then
      local section = found:match "^ %-%-%-%- (.-) %-%-%-%-%s*$"
      comment = not section and prose(found) or nil
      if section then
        add { section = prose(section) }
      end
    end
    if not found then
      _, stop, found = text:find("^([%w_ ]*static inline [^{]-%b())\n%b{}", at)
      if not found then
        _, stop, found = text:find("^(__attribute__%b() static inline [^{]-%b())\n%b{}", at)
      end
      if found then
        add { call = call_text(found) }
      end
    end
    if not found then
      _, stop, found = text:find("^typedef struct (%b{} [%w_]+);", at)
      if found then
        local body, name = found:match "^{(.*)} ([%w_]+)$"
        add { name = name, fields = body }
      end
    end
    if not found then
      _, stop, found = text:find("^#define (AS_[A-Z_]+%b())[^\n]*", at)
      while found and text:sub(stop, stop) == "\\" do
        _, stop = text:find("[^\n]*", stop + 2)
      end
      if found then
        add { call = found:gsub("%s+", " ") }
      end
    end
    if not found then
      _, stop, found = text:find("^typedef ([^{;]-%b());", at)
      if found then
        add { call = call_text(found) }
      end
    end
    if not found and text:find("^\n#", at) then
      local needs = text:match("^\n#if AS_MINOR >= (%d+)", at)
      minor = needs and (" [AS_MINOR %s]"):format(needs) or text:find("^\n#endif", at) and "" or minor
    end
    at = (found and stop or at) + 1
    if not found and text:sub(at - 1, at) == "\n\n" then
      comment = nil
    end
  end
  return items
end

-- Fields with what stands behind or above them.
local function fields_of(body)
  local rows, above = {}, ""
  local at = 1
  while true do
    local start, stop, comment = body:find("^%s*/%*(.-)%*/", at)
    if start then
      above, at = prose(comment), stop + 1
    else
      local declaration
      start, stop, declaration = body:find("^%s*([^;/]-);", at)
      if not start then
        return rows
      end
      at = stop + 1
      local _, behind_stop, behind = body:find("^[ \t]*/%*(.-)%*/", at)
      at = behind_stop and behind_stop + 1 or at
      rows[#rows + 1] = { (declaration:gsub("%s+", " ")), behind and prose(behind) or above }
      above = ""
    end
  end
end

local headers = {
  { "tensor.h", "Errors, and what a tensor is" }, { "plugin.h", "Tensors, state, models, data" },
  { "operations.h", "Operations" }, { "composites.h", "Made of operations" }, { "sampling.h", "Samplers and hooks" },
  { "sde.h", "Forward SDEs (include assay/sde.h)" }, { "ode.h", "Differential equations (include assay/ode.h)" },
  { "distil.h", "Distillers of diffusion models (include assay/distil.h)" },
  { "describe.h", "Describing a plugin" }, { "types.h", "Types" },
}
local function services_page()
  local out = {
    "# Services", "",
    "Every call a plugin has, from the headers (`core/include/assay/`); made by `docs/generate.lua`. `c` is the call's",
    "context, `as_ctx *c`. Axes count from 0, or from the end: -1 is the last. After a failure all of them return at once.",
    "[AS_MINOR 1]: with `#define AS_MINOR 1` above the include.",
  }
  local table_open = false
  local function heading(text)
    out[#out + 1], table_open = "\n" .. text, false
  end
  local function row(what, doc, columns)
    if not table_open then
      out[#out + 1], table_open = "\n| " .. columns .. " | |\n|---|---|", true
    end
    out[#out + 1] = ("| `%s` | %s |"):format(cell(what), cell(doc))
  end
  for _, header in ipairs(headers) do
    local section
    heading("## " .. header[2])
    for _, item in ipairs(items_of(read(root .. "/core/include/assay/" .. header[1]))) do
      if item.section then
        section = "### " .. item.section:sub(1, 1):upper() .. item.section:sub(2)
      elseif item.fields then
        heading(("### `%s`%s"):format(item.name, item.doc ~= "" and "\n\n" .. item.doc or ""))
        for _, field in ipairs(fields_of(item.fields)) do
          row(field[1], field[2], "field")
        end
      else
        if section then
          heading(section)
        end
        section = nil
        row(item.call, item.doc, "call")
      end
    end
  end
  return out
end

---------------------------------------------------------------------- plugins

-- Reads what cJSON prints.
local function json(text)
  local at = 1
  local value
  local escapes = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f" }
  local function token(pattern)
    local _, stop, found = text:find("^%s*(" .. pattern .. ")", at)
    at = stop and stop + 1 or at
    return found
  end
  local function list(close, each)
    while not token(close) do
      each()
      token ","
    end
  end
  function value()
    if token "{" then
      local object = {}
      list("}", function()
        local key = value()
        assert(token ":")
        object[key] = value()
      end)
      return object
    elseif token "%[" then
      local array = {}
      list("%]", function() array[#array + 1] = value() end)
      return array
    end
    local quoted = token '"'
    if quoted then
      local stop = at
      while text:sub(stop, stop) ~= '"' do
        stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
      end
      local inside = text:sub(at, stop - 1)
      at = stop + 1
      inside = inside:gsub("\\u(%x%x%x%x)", function(code) return utf8.char(tonumber(code, 16)) end)
      return (inside:gsub("\\(.)", function(c) return escapes[c] or c end))
    end
    local word = assert(token "[%w%.%-%+]+", "no JSON")
    return word == "true" or word ~= "false" and word ~= "null" and tonumber(word)
  end
  return value()
end

local makers = {
  losses = "loss", heads = "head", samplers = "sampler", hooks = "hook", distillers = "distiller", soups = "soup",
  scores = "score", adapters = "adapter", datasets = "dataset",
}

local function paper_link(paper)
  local id = paper:match "^arXiv:(.+)$"
  return id and ("[%s](https://arxiv.org/abs/%s)"):format(paper, id) or paper
end

local function plugin_page(p)
  local name = p.kind .. "/" .. p.name
  local out = { ("# %s"):format(name), "", ("%s%s."):format(p.doc:sub(1, 1):upper(), p.doc:sub(2)), "" }
  local function line(text)
    out[#out + 1] = text
  end
  line(("Version %s%s. Source: [plugins/%s.c](../../../plugins/%s.c)%s."):format(p.version,
    p.paper and ", after " .. paper_link(p.paper) or "", name, name,
    exists(("%s/tests/plugins/%s.lua"):format(root, name))
      and ("; known answers: [tests/plugins/%s.lua](../../../tests/plugins/%s.lua)"):format(name, name) or ""))
  line ""
  line(("`as.%s { \"%s\" }` in a script; what the kind is: [%s](../%s.md)."):format(makers[p.kind], p.name, p.kind, p.kind))
  line ""
  line "| input or output | type | |\n|---|---|---|"
  for _, x in ipairs(p.inputs) do
    local about = {}
    about[#about + 1] = x.optional and "may be left out" or nil
    about[#about + 1] = x.below and ("0 <= value < %s"):format(x.below) or nil
    line(("| %s | `%s` | %s |"):format(x.name, cell(x.text), table.concat(about, ", ")))
  end
  for _, x in ipairs(p.outputs) do
    line(("| -> %s | `%s` | |"):format(x.name, cell(x.text)))
  end
  if #p.params > 0 then
    line "\n| parameter | type | default | limits | |\n|---|---|---|---|---|"
    for _, x in ipairs(p.params) do
      line(("| %s | %s | %s | %s | %s%s |"):format(x.name, x.type, cell(tostring(x.default or "")),
        cell(tostring(x.limits or "")), cell(x.doc), x.unit and (" [%s]"):format(x.unit) or ""))
    end
  end
  return out
end

-- In an empty folder, so that only the plugins that come with Assay are found.
local function plugin_rows()
  local pipe = assert(io.popen("cd \"$(mktemp -d)\" && ASSAY_PLUGIN_PATH= XDG_DATA_HOME=$PWD "
    .. "assay-worker plugins list --json && rmdir \"$PWD\""))
  local rows = json(pipe:read "a")
  assert(pipe:close())
  return rows
end

-- docs/plugins.md with the plugins of each kind in the last cell of the kind's row.
local function kinds_page(rows)
  local text = read(root .. "/docs/plugins.md")
  for kind in pairs(makers) do
    local names, found = {}, nil
    for _, p in ipairs(rows) do
      names[#names + 1] = p.kind == kind and p.name or nil
    end
    table.sort(names)
    for i, name in ipairs(names) do names[i] = ("[%s](plugins/%s/%s.md)"):format(name, kind, name) end
    text, found = text:gsub(("(\n| %%[%s%%]%%(plugins/%s%%.md%%)[^\n]* | )[^|\n]* |\n"):format(kind, kind),
      function(before) return before .. table.concat(names, ", ") .. " |\n" end)
    assert(found == 1, "docs/plugins.md has no row of " .. kind)
  end
  return { text }
end

local rows <const> = plugin_rows()
write("services.md", services_page())
write("plugins.md", kinds_page(rows))
for _, p in ipairs(rows) do
  assert(not p.error, p.error)
  write(("plugins/%s/%s.md"):format(p.kind, p.name), plugin_page(p))
end
