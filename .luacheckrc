std = "lua54"
max_line_length = 110
-- specs (tests/lua, tests/plugins): given by lua/assay/spec.lua as by busted
files["tests"] = { std = "+busted" }
