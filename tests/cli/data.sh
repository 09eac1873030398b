# Data sets: what there is, fetching, and what a run reads of its own files.
. "$(dirname "$0")/lib.sh"

unset ASSAY_DATA
export HOME="$box/home"
mkdir "$HOME" bin

expect_exit 0 assay data list
expect_out "digits          57.5 kB  missing; assay data get digits"
expect_out "from package python3-sklearn, else https://raw.githubusercontent.com/"
expect_lines 9 0
expect_exit 0 assay data list --json
expect_out '"name":	"mnist"'
expect_out '"content_sha256":	"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"'
expect_exit 2 assay data
expect_err "assay data: needs list, or get and a name; example: assay data get fashion-mnist"
expect_exit 2 assay data get
expect_err "assay data: get needs a name; assay data list shows them"
expect_exit 2 assay data get mnits
expect_err 'assay data: no data set "mnits"; did you mean "mnist"?'
expect_exit 2 assay data get cifar
expect_err 'assay data: no data set "cifar"; assay data list shows them'

# a curl that finds nothing, and no package: every address is tried, and the end says what to do
cat >bin/curl <<'END'
#!/bin/sh
exit 6
END
printf '#!/bin/sh\nexit 100\n' >bin/apt-get
chmod +x bin/*
expect_exit 1 env PATH="$PWD/bin:$PATH" assay data get digits
expect_lines 0 -
expect_err "apt-get download python3-sklearn: exit code 100; if apt's lists are old: sudo apt-get update"
expect_err "curl's exit code 6 (no network, or the server is away)"
expect_err "digits/digits.csv.gz could not be fetched, for the reasons above"
expect_err "put the file into $HOME/.cache/assay/digits by hand"
expect_exit 1 env PATH="$PWD/bin:$PATH" ASSAY_DATA=here assay data get digits
expect_err "put the file into here/digits by hand"

# what a run reads of its own is recorded, with the hash of the file
printf 'a,b,kind\n1,2,x\n3,4,y\n' >own.csv
cat >x.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "own", arms = { a = {} }, seeds = { 1 }, headline = "n",
  run = function(run)
    local x, y, kinds = as.read_csv("own.csv", { label = "kind" })
    run:log(1, { n = #as.data { x = x, y = y } * #kinds })
  end,
}
END_LUA
expect_exit 0 assay run x.lua
expect_query results/assay.db "select headline from runs" 4.0
expect_query results/assay.db "select dataset, path, sha256, size_bytes from data_use" \
    "read_csv|own.csv|$(sha256sum <own.csv | cut -d ' ' -f 1)|21"
printf 'a,b,kind\n1,2,x\n3,,y\n' >own.csv
expect_exit 1 assay run x.lua --again
expect_err 'x.lua:5: own.csv:3: column 2 ("b") is empty, expected a number'

# a run that is done is skipped while the files it read are the same, and made again when they are not
printf 'a,b,kind\n1,2,x\n3,4,y\n' >own.csv
expect_exit 0 assay run x.lua
expect_err "a seed 1: already done as run 1"
touch own.csv
expect_exit 0 assay run x.lua
expect_err "a seed 1: already done as run 1"
printf 'a,b,kind\n1,2,x\n3,5,y\n' >own.csv
expect_exit 0 assay run x.lua
expect_err "a seed 1: not as run 1, since own.csv has changed"
expect_exit 0 assay run x.lua
expect_err "a seed 1: already done as run 3"
rm own.csv
expect_exit 1 assay run x.lua
expect_err "a seed 1: not as run 3, since own.csv is gone"
expect_err "own.csv: cannot open: No such file or directory"
expect_query results/assay.db "select group_concat(status, ' ') from run" "done failed done failed"

# a folder of images, with the pool over its runs
cat >images.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "images", arms = { a = {} }, seeds = { 1 },
  run = function(run)
    run:log(1, { n = as.read_images("photos"):shape()[1] })
  end,
  pool = function(run)
    run:log(1, { runs = 1 })
  end,
}
END_LUA
mkdir photos
base64 -d >photos/1.png <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVQImWMw/g8AAWgBM5bTzMMAAAAASUVORK5CYII=
END
expect_exit 0 assay run images.lua
expect_exit 0 assay run images.lua
expect_err "a seed 1: already done as run 5"
expect_err "already done as run 6"
cp photos/1.png photos/2.png
expect_exit 0 assay run images.lua
expect_err "a seed 1: not as run 5, since photos has changed"
expect_err "not as run 6, since photos has changed"
expect_query results/assay.db "select value from last_metric where run_id = 7 and name = 'n'" 2.0
