# Rows of load.c (row, mode, connections, target, repeat, cpu µs, p50, p99, requests/s) to a table in Markdown.

function sort(values, n,    i, j, v) {
    for (i = 2; i <= n; i++) {
        v = values[i]
        for (j = i - 1; j >= 1 && values[j] > v; j--) values[j + 1] = values[j]
        values[j + 1] = v
    }
}

# Median, lowest and highest of a column of a cell's repeats, into the globals of the same names.
function summarise(cell, column,    n, i, values) {
    n = repeats[cell]
    for (i = 1; i <= n; i++) values[i] = figure[cell, column, i - 1]
    sort(values, n)
    median = n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
    lowest = values[1]
    highest = values[n]
}

function ratio(cell, to,    n, i, values) {
    if (!(to in repeats) || cell == to) return cell == to ? "1" : ""
    n = repeats[cell]
    for (i = 1; i <= n; i++) values[i] = figure[cell, 6, i - 1] / figure[to, 6, i - 1]
    sort(values, n)
    return sprintf("%.2f", n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2)
}

BEGIN {
    label["c"] = "minimal C"
    label["nginx"] = "nginx"
    label["none"] = "0 policies"
    label["ten"] = "10 typed rules"
    label["expressions"] = "10 typed rules, 10 expressions"
    label["denial"] = "denial, 10 failures"
    label["thousand"] = "1,000 policies, 10 match"
    # design: at 8 connections over HTTP/1.1.
    budget["ten"] = "1.45 / 1.0"
    budget["expressions"] = "1.85 / 1.3"
    budget["denial"] = "2.1 / 1.5"
    title["h1"] = "HTTP/1.1"
    title["split"] = "HTTP/1.1, two records a request"
    title["h2"] = "HTTP/2"
    title["handshake"] = "new connection, one request"
}

$2 != "idle" {
    group = $1 SUBSEP $2 SUBSEP $3
    if (!(group in seen)) {
        seen[group] = 1
        groups[++group_count] = group
        heading[group] = ($1 == "rate" ? "2,000 requests/s, " : "") title[$2] ($2 == "handshake" ? "" : ", " $3 " connection" ($3 == 1 ? "" : "s"))
    }
    cell = group SUBSEP $4
    if (!(cell in repeats)) {
        members[group] = members[group] " " $4
        isBudgeted[cell] = $1 == "" && $2 == "h1" && $3 == 8
    }
    repeats[cell]++
    for (column = 6; column <= 9; column++) figure[cell, column, $5] = $column
}

END {
    print "| | server CPU µs/request | to C | to nginx | budget (C / nginx) | p50 µs | p99 µs | requests/s |"
    print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for (g = 1; g <= group_count; g++) {
        group = groups[g]
        printf "| **%s** | | | | | | | |\n", heading[group]
        n = split(members[group], names, " ")
        for (i = 1; i <= n; i++) {
            cell = group SUBSEP names[i]
            summarise(cell, 6)
            printf "| %s | %.1f [%.1f–%.1f] | %s | %s | %s |", label[names[i]], median, lowest, highest, \
                ratio(cell, group SUBSEP "c"), ratio(cell, group SUBSEP "nginx"), isBudgeted[cell] ? budget[names[i]] : ""
            summarise(cell, 7)
            printf median ? " %.0f |" : " |", median
            summarise(cell, 8)
            printf median ? " %.0f |" : " |", median
            summarise(cell, 9)
            printf " %.0f |\n", median
        }
        if ((group SUBSEP "thousand" in repeats) && (group SUBSEP "ten" in repeats))
            printf "| 1,000 policies to the same 10 alone (budget 1.2) | %s | | | | | | |\n", ratio(group SUBSEP "thousand", group SUBSEP "ten")
    }
}
