-- assay serve: the pages of the report, made when they are asked for.
local core = require "assay.core"
local data = require "assay.report.data"
local page = require "assay.report.page"
local store = require "assay.store"

local FIRST <const>, LAST <const> = 8080, 8179
local HTML <const>, JSON <const> = "text/html; charset=utf-8", "application/json"

local function json_text(text)
  return '"' .. text:gsub('[%c"\\<\u{7f}]', function(c)
    return ("\\u%04x"):format(c:byte())
  end) .. '"'
end

-- { "version": "7", "parts": { "curves": "<div>..." } }; no parts when the reader has that version already.
local function changes(version, since, parts)
  local out = {}
  for i, part in ipairs(since == version and {} or parts()) do
    out[i] = ("%s:%s"):format(json_text(part.id), json_text(part.html))
  end
  return 200, JSON, ('{"version":%s,"parts":{%s}}'):format(json_text(version), table.concat(out, ","))
end

return function(given)
  local ok, http = pcall(require, "assay.http")
  if not ok then
    core.fail("assay serve: this assay was built without libmicrohttpd. Install it (Debian: "
      .. "libmicrohttpd-dev), remove build/ and start assay again; assay report writes the same pages")
  end
  local db <close> = store.open(given.db)
  local site = { db = db, path = given.db, artifacts = given.artifacts }

  local function answer(path, since)
    local experiments = data.experiments(db)
    local files = page.files(experiments)
    if path == "/" or path == "/index.html" then
      return 200, HTML, page.index(site, experiments, files, true)
    elseif path == "/index.json" then
      return changes(tostring(data.version(db)), since, function()
        return { { id = "index", html = page.index_part(site, experiments, files) } }
      end)
    end
    for name, file in pairs(files) do
      if path == "/" .. file then
        return 200, HTML, page.experiment(site, name, true)
      elseif path == "/" .. file:gsub("%.html$", ".json") then
        return changes(tostring(data.version(db)), since, function()
          return (page.parts(site, name))
        end)
      end
    end
    return 404, "text/plain; charset=utf-8", "no such page; / lists all\n"
  end

  local first, last = given.port or FIRST, given.port or LAST
  local function ready(port)
    io.stderr:write(("serving %s at http://127.0.0.1:%d/ until Ctrl-C\n"):format(given.db, port))
  end
  if not http.serve(answer, first, last, ready) then
    core.fail(given.port and ("assay serve: port %d is taken, or not ours to use"):format(given.port)
      or ("assay serve: none of the ports %d to %d is free"):format(FIRST, LAST))
  end
end
