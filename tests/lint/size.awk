# Reads bytes (LC_ALL=C), so that it counts the same with every awk.
FNR == 1 { start = 0 }
FNR == 801 { complain("more than 800 lines") }
{
    text = $0
    gsub(/[\200-\277]/, "", text) # the further bytes of a character
    if (length(text) > 110)
        complain(length(text) " columns, at most 110")
}
FILENAME ~ /\.c$/ && /^\{/ { start = FNR }
FILENAME ~ /\.c$/ && /^\}/ && start {
    if (FNR - start + 1 > 60)
        complain("a function of " FNR - start + 1 " lines, at most 60")
    start = 0
}
function complain(what)
{
    print FILENAME ":" FNR ": " what
    bad = 1
}
END { exit bad }
