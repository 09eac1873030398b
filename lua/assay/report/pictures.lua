-- Pictures that runs kept, as they lie among the artifacts: a file that is gone or cut off is told in its
-- place.
local core = require "assay.core"
local data = require "assay.report.data"
local h = require "assay.report.html"

local pictures = {}

local MOST <const> = 48
local types <const> = { svg = "image/svg+xml", png = "image/png" }

-- The file's bytes, or nil and why not.
local function read(page, picture)
  local file = io.open(page.artifacts .. "/" .. picture.path, "rb")
  local bytes = file and file:read "a"
  if file then
    file:close()
  end
  if not bytes then
    return nil, "is missing"
  elseif #bytes ~= picture.size_bytes then
    return nil, ("has %d bytes, %d are on record"):format(#bytes, picture.size_bytes)
  end
  return bytes
end

local function show_one(page, picture)
  local caption = ("%s, %s%s"):format(picture.name, picture.arm, picture.seed and ", seed " .. picture.seed
    or "")
  local kind = types[picture.path:match "%.(%w+)$" or ""]
  if not kind then
    return nil
  end
  local bytes, wrong = read(page, picture)
  if not bytes then
    return h.p { class = "missing", ("%s: artifacts/%s %s"):format(caption, picture.path, wrong) }
  end
  return h.figure {
    h.img { src = ("data:%s;base64,%s"):format(kind, core.base64(bytes)), alt = caption },
    h.figcaption { caption },
  }
end

--- All of them, up to MOST; nil where there is none.
function pictures.show(page)
  local rows, out = data.pictures(page.db, page.name, MOST + 1), {}
  for i = 1, math.min(#rows, MOST) do
    out[#out + 1] = show_one(page, rows[i])
  end
  if #rows > MOST then
    out[#out + 1] = h.p { class = "soft", "There are more: assay show lists the files of a run." }
  end
  return #out > 0 and h.div { class = "pictures", h.join(out) } or nil
end

return pictures
