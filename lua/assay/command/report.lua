-- assay report: writes the pages into the folder it was given, which is not in its final place yet.
local data = require "assay.report.data"
local page = require "assay.report.page"
local runs = require "assay.plot.runs"
local store = require "assay.store"

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

return function(given)
  local db <close> = store.open(given.db)
  local site = { db = db, path = given.db, artifacts = given.artifacts }
  local experiments = data.experiments(db)
  if given.experiment then
    runs.check("assay report", db, given.experiment)
    for _, x in ipairs(experiments) do
      experiments = x.name == given.experiment and { x } or experiments
    end
  end
  local files = page.files(experiments)
  for _, x in ipairs(experiments) do
    write(given.into .. "/" .. files[x.name], page.experiment(site, x.name))
  end
  write(given.into .. "/index.html", page.index(site, experiments, files))
end
