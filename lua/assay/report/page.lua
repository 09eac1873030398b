-- Whole pages: one an experiment, and the index. The same for a folder of files and for assay serve.
local data = require "assay.report.data"
local h = require "assay.report.html"
local parts = require "assay.report.parts"

local page = {}

local sections <const> = {
  { "claims", "Claims" }, { "curves", "Curves and last values" }, { "samples", "Pictures" }, { "runs",
    "Runs" },
  { "parameters", "Parameters" }, { "plugins", "Plugins" }, { "data", "Data" }, { "rerun",
    "How to run it again" },
  { "notes", "Notes" },
}

local function file_text(name)
  local path = assert(package.searchpath("assay.report.page", package.path)):gsub("page%.lua$", name)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- The document around it: style and, for a live page, its script stand in it; nothing comes from elsewhere.
local function document(title, body, live)
  return "<!DOCTYPE html>\n" .. tostring(h.html { lang = "en",
    h.head {
      h.meta { charset = "utf-8" }, h.meta { name = "viewport",
        content = "width=device-width, initial-scale=1" },
      h.meta { name = "generator", content = "assay report" }, h.title { title },
      h.link { rel = "icon", href = "data:," }, h.style { h.raw(file_text "style.css") },
    },
    h.body { body, live and h.script { h.raw(file_text "live.js") } or nil },
  }) .. "\n"
end

local function about(declaration, name)
  local paper = declaration.paper
  local arxiv = paper and paper:match "^arXiv:([%d.]+)"
  return h.join {
    h.h1 { name },
    declaration.doc and h.p { declaration.doc } or nil,
    paper and h.p { class = "soft", arxiv and h.a { href = "https://arxiv.org/abs/" .. arxiv, paper }
      or paper } or nil,
  }
end

--- The parts of an experiment's page by id, as text: { { id, title, html } }.
---@param site table  { db, path, artifacts }
function page.parts(site, name)
  local it = { db = site.db, path = site.path, artifacts = site.artifacts, name = name,
    declaration = data.declaration(site.db, name) }
  local out = {}
  for _, section in ipairs(sections) do
    local id, title = section[1], section[2]
    local body = parts[id](it)
    out[#out + 1] = { id = id, title = title, html = body and tostring(body) or "" }
  end
  return out, it.declaration
end

--- An experiment's page.
function page.experiment(site, name, live)
  local list, declaration = page.parts(site, name)
  local body = {}
  for i, part in ipairs(list) do
    body[i] = h.section { id = part.id, hidden = part.html == "", h.h2 { part.title },
      h.div { class = "body", h.raw(part.html) } }
  end
  return document(name, h.join {
    h.nav { h.a { href = "index.html", "all experiments" } },
    h.main { about(declaration, name), h.join(body) },
  }, live)
end

--- The list of experiments and all their claims.
---@param files table<string, string>  an experiment's file
function page.index(site, experiments, files, live)
  local body = h.section { id = "index", h.div { class = "body", h.raw(page.index_part(site, experiments,
    files)) } }
  return document("Experiments", h.main { h.h1 { "Experiments" }, body }, live)
end

function page.index_part(site, experiments, files)
  local claims = {}
  for _, claim in ipairs(data.claims(site.db)) do
    claims[claim.experiment] = claims[claim.experiment] or {}
    table.insert(claims[claim.experiment], h.div { parts.verdict(claim), " ", claim.name })
  end
  local rows = {}
  for _, x in ipairs(experiments) do
    local running = (x.running or 0) > 0 and (", %d running"):format(x.running) or ""
    rows[#rows + 1] = { h.a { href = files[x.name], x.name }, x.paper, h.join(claims[x.name] or {}),
      x.runs == 0 and "no runs" or ("%d of %d done%s"):format(x.done, x.runs, running),
      x.last and x.last:sub(1, 16):gsub("T", " ") .. " UTC" or "", x.doc and h.p { x.doc } or "" }
  end
  if #rows == 0 then
    return tostring(h.p { class = "soft", "The database has no experiments." })
  end
  return tostring(h.table({ "experiment", "paper", "claims", "runs", "last begun", "about" }, rows, {},
    "cards"))
end

--- A file name for each experiment: what a path or a URL could trip over is a dash, and none is used twice.
---@return table<string, string>
function page.files(experiments)
  local files, used = {}, { ["index.html"] = true }
  for _, x in ipairs(experiments) do
    local base = x.name:gsub("[^%w._-]", "-"):gsub("^[.-]+", "")
    local file, n = base .. ".html", 1
    while base == "" or used[file:lower()] do
      n = n + 1
      file = ("%s-%d.html"):format(base, n)
      if not used[file:lower()] then
        break
      end
    end
    used[file:lower()] = true
    files[x.name] = file
  end
  return files
end

return page
