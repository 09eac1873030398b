# assay report and assay serve as a browser sees them: headless Chromium reads the pages and looks at their
# width, pictures and links; curl tries the server.
. "$(dirname "$0")/lib.sh"

cat >study.lua <<'END'
local as = require "assay"
return as.experiment {
  name = "study <b>", paper = "arXiv:2204.12511", doc = "does & how much?", headline = "accuracy",
  arms = { old = { gain = 0 }, new = { gain = 0.05 } }, seeds = 3,
  params = { note = "</script><script>alert(1)</script>" },
  claims = { better = as.claim.beats { "new", "old", metric = "accuracy", by = 0.02, seeds = "2 of 3" } },
  run = function(run, p)
    run:allow_nan()
    for step = 1, 10 do
      run:log(step, { accuracy = 0.5 + p.gain + 0.01 * run.seed - 0.1 / step, ["odd & end"] = 0 / 0 })
    end
    run:picture("samples", as.plot.images { as.rand { 4, 1, 4, 4 }, width = 320 })
  end,
}
END
cat >bare.lua <<'END'
local as = require "assay"
return as.experiment { name = "bare", arms = { a = {} }, run = function() error "no <luck>" end }
END
expect_exit 0 assay run study.lua
expect_exit 1 assay run bare.lua

# ---- refusals

expect_exit 2 assay report -o pages
expect_err "needs one experiment, or --all"
expect_exit 2 assay report --all
expect_err "needs -o DIR"
expect_exit 1 assay report "study <c>" -o pages
expect_err 'no experiment "study <c>"; did you mean'
[ ! -e pages ] || fail "a failed report left its folder"
[ -z "$(find . -name 'pages.*')" ] || fail "a failed report left a temporary folder"
mkdir mine && touch mine/thesis.tex
expect_exit 1 assay report --all -o mine
expect_err "mine holds other files than pages"
[ -e mine/thesis.tex ] && [ -z "$(find . -name 'mine.*')" ] ||
    fail "what was there is harmed"
expect_exit 1 assay report --all -o nowhere/pages
expect_err "cannot make a folder beside nowhere/pages"

# ---- the pages

lost=$(sqlite3 results/assay.db "SELECT path FROM artifact WHERE kind = 'image' LIMIT 1")
rm "results/artifacts/$lost"
expect_exit 0 assay report bare -o pages
expect_exit 0 assay report --all -o pages
[ "$(ls pages | tr '\n' ' ')" = "bare.html index.html study--b-.html " ] || fail "pages: $(ls pages)"
page=pages/study--b-.html
expect_in() {
    grep -qF -e "$2" "$1" || fail "$1 lacks: $2"
}
expect_in $page "study &lt;b&gt;</h1>"
expect_in $page 'class="verdict holds"'
expect_in $page "none of the values can be shown"
expect_in $page "is missing"
expect_in $page "assay reproduce study.lua"
expect_in $page "&lt;/script&gt;&lt;script&gt;alert(1)"
expect_in pages/bare.html "no &lt;luck&gt;"
expect_in pages/bare.html "No metric was logged."
expect_in pages/bare.html "This experiment claims nothing."
! grep -nE '(src|href)="(https?:)?//' pages/*.html | grep -v 'href="https://arxiv.org/abs/' ||
    fail "a page loads from elsewhere"

# a database without runs, and one without anything
expect_exit 0 assay report --db results/assay.db --all -o again
cp results/assay.db none.db
sqlite3 none.db "PRAGMA foreign_keys = ON; DELETE FROM claim_value; DELETE FROM run;"
expect_exit 0 assay report --db none.db --all -o none
expect_in none/study--b-.html "No run was made yet."
expect_in none/index.html "no runs"

# ---- the server

assay serve >serve.out 2>serve.err &
server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$box"' EXIT
for _ in $(seq 100); do
    grep -q serving serve.err && break
    sleep 0.1
done
site=$(sed -n 's/.*\(http:[^ ]*\).*/\1/p' serve.err)
[ -n "$site" ] || fail "it does not serve: $(cat serve.err)"
port=${site#http://127.0.0.1:}
port=${port%/}
status() {
    curl -s -o body -w '%{http_code}' "$@"
}
expect_status() {
    want=$1
    shift
    got=$(status "$@")
    [ "$got" = "$want" ] || fail "curl $*: $got, expected $want"
}
expect_status 200 "$site"
expect_in body "study--b-.html"
expect_status 200 "${site}study--b-.html"
expect_status 200 -I "${site}bare.html"
expect_status 200 "http://localhost:$port/bare.html"
expect_status 404 "${site}nothing.html"
expect_status 404 --path-as-is "${site}../study.lua"
expect_status 405 -d x=1 "$site"
expect_status 405 -X DELETE "$site"
expect_status 403 -H "Host: evil.example" "$site"
expect_status 403 -H "Host: evil.example:$port" "$site"
expect_status 403 -H "Host: 127.0.0.1" "$site"
expect_status 403 -H "Host:" "$site"
expect_status 200 "${site}bare.json"
version=$(sed -n 's/{"version":"\([0-9]*\)".*/\1/p' body)
expect_status 200 "${site}bare.json?since=$version"
[ "$(cat body)" = "{\"version\":\"$version\",\"parts\":{}}" ] ||
    fail "an unchanged page is sent again: $(head -c 200 body)"
expect_exit 1 assay serve --port "$port"
expect_err "port $port is taken"
if command -v ss >/dev/null; then
    ss -ltn | grep ":$port " | grep -v 127.0.0.1 && fail "it listens beyond this machine"
fi
assay tag 1 kept 2>/dev/null
expect_status 200 "${site}bare.json?since=$version"
[ "$(head -c 100 body)" != "{\"version\":\"$version\",\"parts\":{}}" ] || fail "a change is not seen"

# ---- Chromium

if ! command -v chromium >/dev/null; then
    kill -INT $server
    wait $server
    echo "PENDING pages in a browser: chromium is not there"
    exit 77
fi
# browse ADDRESS WIDTH OPTION...: what chromium prints goes to page.out, what it complains of to page.err
browse() {
    address=$1 width=$2
    shift 2
    timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
        --user-data-dir="$PWD/profile" --enable-logging=stderr --v=0 --window-size="$width,900" \
        "$@" "$address" \
        >page.out 2>page.err || fail "chromium: $(tail -n 5 page.err)"
    ! grep CONSOLE page.err || fail "$address complains in the console"
}
# How wide a page is, and what it holds, is asked by a page around it, as wide as a telephone or a desktop.
cat >frame.html <<END
<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><script>
const [file, width] = location.hash.slice(1).split("|");
const frame = document.createElement("iframe");
frame.style = "border:0;height:900px;width:" + width + "px";
frame.onload = () => {
  const d = frame.contentDocument, style = frame.contentWindow.getComputedStyle(d.body);
  const small = [...d.querySelectorAll("figure > svg")].map(s =>
    Math.min(...[...s.querySelectorAll("text")].map(t => t.getAttribute("font-size"))) *
      s.getBoundingClientRect().width / s.viewBox.baseVal.width);
  document.body.dataset.seen = JSON.stringify({ wide: d.documentElement.scrollWidth - width,
    tables: d.querySelectorAll("table").length, svgs: d.querySelectorAll("figure > svg").length,
    broken: [...d.images].filter(i => !i.complete || i.naturalWidth === 0).length, images: d.images.length,
    links: [...d.querySelectorAll("a")].map(a => a.getAttribute("href")).join(" "),
    small: Math.min(...small) >= 11.5, ground: style.backgroundColor });
};
frame.src = file;
document.body.append(frame);
</script>
END
# seen PAGE WIDTH OPTION...: leaves what the frame saw in \$seen
seen() {
    file=$1 width=$2
    shift 2
    browse "file://$PWD/frame.html#$file|$width" 1500 --allow-file-access-from-files --dump-dom "$@"
    seen=$(sed -n 's/.*data-seen="\([^"]*\)".*/\1/p' page.out | sed 's/&quot;/"/g')
}
has() {
    case $seen in *"$1"*) ;; *) fail "expected $1 in: $seen" ;; esac
}
for width in 360 1440; do
    seen $page $width
    has '"wide":0,'
    has '"svgs":2,'
    has '"broken":0,"images":5,'
    has '"small":true'
    has '"ground":"rgb(255, 255, 255)"'
    has '"links":"index.html https://arxiv.org/abs/2204.12511"'
    seen pages/index.html $width
    has '"wide":0,"tables":1,'
    has '"links":"bare.html study--b-.html"'
done
seen $page 1440 --blink-settings=preferredColorScheme=0
has '"ground":"rgb(22, 24, 28)"'

# live: a page that is open while a run goes on shows it
cat >slow.lua <<'END'
local as = require "assay"
return as.experiment { name = "slow", arms = { a = {} }, run = function(run)
  for step = 1, 60 do
    run:log(step, { loss = 1 / step })
    local till = os.time() + 1
    while step > 20 and os.time() < till do end
  end
end }
END
assay run slow.lua >/dev/null 2>&1 &
slow=$!
for _ in $(seq 100); do
    [ "$(status "${site}slow.html")" = 200 ] && grep -q "<svg" body && break
    sleep 0.1
done
browse "${site}slow.html" 1440 --virtual-time-budget=3000 --dump-dom
expect_in page.out "1 running"
expect_in page.out "1 of 1 runs are not done: 1 running"
grep -q 'data-version="[0-9]' page.out || fail "the page's script did not run"
kill $slow
wait $slow || true

kill -INT $server
wait $server || fail "Ctrl-C: exit $?"
echo "pages: all well"
