-- The parts of an experiment's page, one function each: (page) -> HTML or nil where there is nothing to show.
-- A page is { db, name, artifacts = folder, declaration }.
local data = require "assay.report.data"
local h = require "assay.report.html"
local plot = require "assay.plot"
local pictures = require "assay.report.pictures"

local parts = {}

local WIDTH <const> = 320 -- of a chart: fits a screen of 360, so that its text keeps its size

local function number(v)
  return v and ("%.4g"):format(v) or ""
end
parts.number = number

function parts.verdict(claim)
  if not claim.outcome then
    return h.span { class = "verdict soft", "not judged" }
  elseif claim.trial then
    return h.span { class = "verdict soft", ("(%s)"):format(claim.outcome) }
  end
  return h.span { class = "verdict " .. claim.outcome, claim.outcome }
end

local function remarks(claim)
  local out = { h.p { claim.statement } }
  local function add(text)
    out[#out + 1] = text and h.p { class = "soft", text } or nil
  end
  add(claim.sentence)
  add(claim.trial and ("a rehearsal (%s), no verdict"):format(claim.trial))
  add(claim.change and "changed: " .. claim.change)
  return h.join(out)
end

function parts.claims(page)
  local rows = {}
  for i, c in ipairs(data.claims(page.db, page.name)) do
    local interval = c.low and ("%s to %s"):format(number(c.low), number(c.high)) or ""
    rows[i] = { h.b { c.name }, parts.verdict(c), number(c.mean), interval,
      c.n_right and ("%d of %d"):format(c.n_right, c.n) or "", c.paper_says, remarks(c) }
  end
  if #rows == 0 then
    return h.p { class = "soft", "This experiment claims nothing." }
  end
  return h.table({ "claim", "verdict", "ours", "95 % interval", "right side", "paper says",
    "what it says" }, rows,
    { [3] = true, [4] = true, [5] = true }, "cards")
end

local function figure(chart, caption)
  return h.figure { h.raw(chart:svg { inline = true }), caption and h.figcaption { caption } }
end

-- A chart that cannot be made is told in its place; the page goes on.
local function try(make, what)
  local ok, chart = pcall(make)
  if ok then
    return figure(chart)
  end
  return h.p { class = "missing", ("%s: %s"):format(what, tostring(chart)) }
end

-- The headline metric first; clocks are no results.
local function ordered(metrics, headline)
  local out = {}
  for _, m in ipairs(metrics) do
    if m.clock == 0 then
      table.insert(out, m.name == headline and 1 or #out + 1, m)
    end
  end
  return out
end

local MOST_CHARTS <const> = 24

function parts.curves(page)
  local metrics = ordered(data.metrics(page.db, page.name), page.declaration.headline)
  local out = {}
  for i, m in ipairs(metrics) do
    if i > MOST_CHARTS then
      local more = ("%d more metrics: assay plot draws them"):format(#metrics - MOST_CHARTS)
      out[#out + 1] = h.p { class = "soft", more }
      break
    end
    out[#out + 1] = try(function()
      local o = { experiment = page.name, metric = m.name, db = page.path, width = WIDTH, title = m.name }
      if m.steps > 1 then
        o.height = 290
        return plot.curves(o)
      end
      o.x_label = "last values"
      return plot.bars(o)
    end, m.name)
  end
  if #out == 0 then
    return h.p { class = "soft", "No metric was logged." }
  end
  return h.div { class = "pictures", h.join(out) }
end

function parts.runs(page)
  local chosen, statuses = data.runs(page.db, page.name)
  if #chosen == 0 then
    return h.p { class = "soft", "No run was made yet." }
  end
  local counts, rows = {}, {}
  for i, s in ipairs(statuses) do
    counts[i] = ("%d %s"):format(s.n, s.status:gsub("_", " "))
  end
  for i, r in ipairs(chosen) do
    rows[i] = { r.id, r.arm, r.seed, r.status:gsub("_", " ") .. "", number(r.headline),
      r.seconds and ("%.1f"):format(r.seconds) or "", r.error }
  end
  return h.join {
    h.p { class = "soft", "All runs in the database: ", table.concat(counts, ", "),
      ". Below, of each arm and seed the one that counts." },
    h.table({ "run", "arm", "seed", "status", chosen[1].headline_name or "headline", "seconds", "error" },
      rows,
      { true, [3] = true, [5] = true, [6] = true }),
  }
end

function parts.samples(page)
  return pictures.show(page)
end

function parts.parameters(page)
  local rows = {}
  for i, p in ipairs(data.parameters(page.db, page.name)) do
    rows[i] = { h.code { p.name }, h.code { p.value }, p.arms or "all" }
  end
  return #rows > 0 and h.table({ "parameter", "value", "arms" }, rows) or nil
end

function parts.plugins(page)
  local rows = {}
  for i, p in ipairs(data.plugins(page.db, page.name)) do
    rows[i] = { p.name, p.version, h.code { p.source_hash } }
  end
  return #rows > 0 and h.table({ "plugin", "version", "hash of its source" }, rows) or nil
end

function parts.data(page)
  local rows = {}
  for i, f in ipairs(data.files(page.db, page.name)) do
    rows[i] = { f.dataset, h.code { f.path }, f.size_bytes, h.code { f.sha256 } }
  end
  return #rows > 0 and h.table({ "data set", "file", "bytes", "SHA-256" }, rows, { [3] = true }) or nil
end

function parts.rerun(page)
  local script = page.declaration.script
  local chosen = data.runs(page.db, page.name)
  local lines = { "assay run " .. script, "assay reproduce " .. script
    .. "    # all runs anew, then the verdicts" }
  if chosen[1] then
    lines[3] = ("assay rerun %d --verify    # one run again: the same bits?"):format(chosen[1].id)
  end
  local made = {}
  for i, m in ipairs(data.machines(page.db, page.name)) do
    made[i] = h.li { ("%d runs by Assay %s, commit %s%s, %s, %s %s, on %s (%s, %s cores, %s)"):format(m.runs,
      m.version or "?", (m.git_commit or "unknown"):sub(1, 12), m.changed == 1 and " with changes" or "",
      m.compiler or "?", m.blas or "no BLAS", m.blas_kernel or "", m.host or "?", m.cpu or "?", m.cores
        or "?",
      m.system or "?") }
  end
  return h.join {
    h.pre { table.concat(lines, "\n") }, #made > 0 and h.ul { h.join(made) } or nil,
    h.details { h.summary { script }, h.pre { page.declaration.source } },
  }
end

local MOST_NOTES <const> = 100

function parts.notes(page)
  local items = {}
  for i, n in ipairs(data.notes(page.db, page.name, MOST_NOTES)) do
    local from = ("run %d (%s%s)%s: "):format(n.run_id, n.arm, n.seed and ", seed " .. n.seed or "",
      n.kind ~= "note" and " " .. n.kind or "")
    items[i] = h.li { h.span { class = "soft", from }, n.text }
  end
  return #items > 0 and h.ul { h.join(items) } or nil
end

return parts
