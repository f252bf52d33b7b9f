package fools

import (
	"bytes"
	"net/http"
	"strconv"
	"time"
)

// answerFools wrap good rows wrongly: status, media type, and the list around the rows.
func answerFools() []Fool {
	on := func(t string, edit func(a *answer)) behaviour {
		return editAnswers(inTemplate(t), func(_ *call, a *answer) {
			if _, ok := a.rows(); ok {
				edit(a)
			}
		})
	}
	status := func(n int) func(*answer) { return func(a *answer) { a.status = n } }
	typed := func(v ...string) func(*answer) { return func(a *answer) { a.header["Content-Type"] = v } }
	const res = "analytics/response/type-"
	return append([]Fool{
		mutant("answer/not-found-with-rows", res+"a/status", "sends the rows of template A with status 404", on("A", status(404))),
		mutant("answer/empty-body", res+"b/status", "answers template B with 200 and no body", on("B", func(a *answer) { a.body = nil })),
		mutant("answer/come-back-later", res+"c/status", "answers template C with 202 and no body", on("C", func(a *answer) {
			a.status, a.body = http.StatusAccepted, nil
		})),
		warned(mutant("answer/media-type-html", res+"a/media-type", "calls the rows of template A text/html", on("A", typed("text/html; charset=utf-8")))),
		warned(mutant("answer/media-type-missing", res+"b/media-type", "sends the rows of template B without a Content-Type", on("B", typed()))),
		warned(mutant("answer/media-type-text", res+"c/media-type", "calls the rows of template C text/plain", on("C", typed("text/plain")))),
		mutant("answer/rows-as-arrays", res+"a/item", "sends each row of template A as an array of values", editRows("A", arrays)),
		mutant("answer/rows-as-text", res+"b/item", "encodes each row of template B twice, as JSON in a string", editRows("B", texts)),
		mutant("answer/header-row", res+"c/item", "puts a row with the names of the columns before those of template C", editRows("C", headed)),
	}, listFools(on)...)
}

// listFools break the array around the rows.
func listFools(on func(string, func(*answer)) behaviour) []Fool {
	wrapped := func(a *answer) {
		rows, _ := a.rows()
		a.body = encode(newObject("DisplayStats", rows))
	}
	lines := func(a *answer) {
		rows, _ := a.rows()
		var out bytes.Buffer
		for _, r := range rows {
			out.Write(append(encode(r), '\n'))
		}
		a.body = out.Bytes()
	}
	byNumber := func(a *answer) {
		rows, _ := a.rows()
		out := newObject()
		for i, r := range rows {
			out.set(strconv.Itoa(i), r)
		}
		a.body = encode(out)
	}
	nullWhenEmpty := func(a *answer) {
		if rows, _ := a.rows(); len(rows) == 0 {
			a.body = []byte("null")
		}
	}
	bareWhenSingle := func(a *answer) {
		if rows, _ := a.rows(); len(rows) == 1 {
			a.body = encode(rows[0])
		}
	}
	cut := func(a *answer) { a.body = bytes.TrimRight(a.body, "]\n ") }
	const res = "analytics/response/type-"
	return []Fool{
		mutant("answer/list-in-object", res+"a/list", "puts the rows of template A into an object under DisplayStats", on("A", wrapped)),
		mutant("answer/list-as-lines", res+"b/list", "sends the rows of template B one on each line, without an array", on("B", lines)),
		mutant("answer/list-as-numbered-object", res+"c/list", "sends the rows of template C in an object with numbers for keys", on("C", byNumber)),
		mutant("answer/list-null-when-empty", res+"c/list", "answers template C with null where there are no rows", on("C", nullWhenEmpty)),
		mutant("answer/list-bare-when-single", res+"a/list", "leaves the array out where template A has one row", on("A", bareWhenSingle)),
		mutant("answer/list-not-closed", res+"b/list", "does not close the array of template B", on("B", cut)),
	}
}

func arrays(_ *call, rows []any) []any {
	for i, r := range rows {
		if o, ok := r.(*object); ok {
			list := []any{}
			for _, k := range o.keys {
				list = append(list, o.values[k])
			}
			rows[i] = list
		}
	}
	return rows
}

func texts(_ *call, rows []any) []any {
	for i, r := range rows {
		rows[i] = string(encode(r))
	}
	return rows
}

func headed(_ *call, rows []any) []any {
	if len(rows) == 0 {
		return rows
	}
	o, ok := rows[0].(*object)
	if !ok {
		return rows
	}
	names := []any{}
	for _, k := range o.keys {
		names = append(names, k)
	}
	return append([]any{names}, rows...)
}

// windowFools answer another window than was asked for, or lose and repeat parts of it.
func windowFools() []Fool {
	const res = "analytics/response/type-"
	return []Fool{
		mutant("window/twice-as-far-back", res+"a/window", "counts the intervals of template A twice", editRequests("A", func(o *object) {
			if n, ok := o.count("time_interval"); ok && n > 0 {
				if _, text := o.text("time_interval"); !text {
					o.set("time_interval", number(2*n+3))
				}
			}
		})),
		mutant("window/last-row-too-late", res+"b/window", "adds a row to template B that lies beyond the window", editRows("B", tooLate)),
		mutant("window/an-hour-early", res+"c/window", "answers template C with the window an hour before", editRequests("C", func(o *object) {
			shift(o, -time.Hour)
		})),
		mutant("window/seven-minutes-late", res+"b/window", "labels the rows of template B seven minutes late", editEach("B", later(7*time.Minute))),
		mutant("window/start-ignored", res+"c/window", "looks back five more hours than template C asks for", editRequests("C", func(o *object) {
			if t, ok := edge(o, "start_time"); ok {
				if end, ok := edge(o, "end_time"); ok && !end.Before(t) {
					setEdge(o, "start_time", t.Add(-5*time.Hour))
				}
			}
		})),
		mutant("window/rows-in-the-future", res+"a/window", "labels the rows of template A a day ahead", editEach("A", later(24*time.Hour))),
		mutant("window/long-loses-newest", res+"a/window/coverage", "loses the newest third of a window of template A that has more than three intervals", losesNewest("A")),
		mutant("window/page-break-loses-rows", res+"b/window/coverage", "loses the first row of each page of 25 after the first of template B", editRows("B", pages)),
		mutant("window/sampled-when-long", res+"c/window/coverage", "leaves out every other interval where template C has more than 15", editRows("C", sampled)),
		mutant("window/odd-rows-unaligned", res+"a/alignment", "labels every other interval of template A a third too late", editRows("A", unaligned)),
		mutant("window/labels-drift", res+"b/alignment", "labels the rows of template B with the second of their last packet", editRows("B", drifting)),
		mutant("window/offset-by-source", res+"c/alignment", "labels the rows of each source of template C with an offset of its own", editRows("C", offsetBySource)),
		mutant("window/last-row-twice", res+"a/unique", "repeats the last row of template A", editRows("A", func(_ *call, rows []any) []any {
			if len(rows) > 0 {
				rows = append(rows, rows[len(rows)-1])
			}
			return rows
		})),
		mutant("window/one-source-twice", res+"b/unique", "repeats every row of one source of template B", editRows("B", repeated)),
		mutant("window/rows-in-halves", res+"c/unique", "splits each row of template C into two with half of its counts", editRows("C", halves)),
		mutant("window/repeat-loses-last", res+"b/repeatable", "loses the last row of template B when a request comes again", onRepeat("B", func(rows []any, _ int) []any {
			return rows[:max(0, len(rows)-1)]
		})),
		mutant("window/repeat-counts-again", res+"c/repeatable", "adds a flow to each row of template C each time a request comes again", onRepeat("C", grow)),
		mutant("window/repeat-grows", res+"a/repeatable", "adds a flow to each row of template A each time a request comes again", onRepeat("A", grow)),
		mutant("window/answers-differ", res+"a/repeatable", "adds a flow to each row of template A with every request to it", growing("A")),
	}
}
