package catalogue

import "slices"

// analyticsRequirements are the promises of the analytics document.
func analyticsRequirements() []Requirement {
	o := &section{doc: Analytics, name: "Overview", prefix: "analytics/overview"}
	o.add("all-sources", "", Must, Stated, "Statistics can be displayed for all client source devices.")
	o.untested("configure-and-clear", "", Contradicted, "The overview speaks of configuring and clearing data; no operation for it is documented.",
		"the document names no method, path or body for it")
	o.untested("rest", "", Stated, "The API is a REST API.", "a word without a testable promise of its own; each resource is judged below")
	a := &section{doc: Analytics, name: "Authentication", prefix: "analytics/authentication"}
	a.add("required", "", Must, Stated, "Every request is authenticated: without credentials nothing is answered.")
	a.add("wrong-credentials", "", Must, Inferred, "Credentials that are not valid do not authenticate a request.")
	a.add("malformed-header", "", Must, Inferred, "An Authorization header that cannot be read does not authenticate a request.")
	a.add("hostile", "", Must, Inferred, "Text that means something to a database, a directory or a file system is only text in a user name or password: it authenticates nobody, and is no internal error.")
	a.add("methods", "", May, Silent, "Which methods of authentication exist is left to the Common API.")
	rows := slices.Concat(o.rows, a.rows)
	for _, t := range Templates() {
		rows = append(rows, requestRequirements(t)...)
		rows = append(rows, responseRequirements(t)...)
	}
	rows = append(append(rows, agreementRequirements()...), flowRequirements()...)
	return append(rows, errorRequirements(Analytics, "analytics/errors", true)...)
}

func requestRequirements(t Template) []Requirement {
	title := "Template Type " + t.Name
	z := &section{doc: Analytics, name: title + ": Authorization", prefix: "analytics/request/" + t.Slug}
	z.add("authorization", "", Must, Stated, "The request requires authorization.")
	s := &section{doc: Analytics, name: title + ": Request Body", prefix: z.prefix}
	s.add("resource", "GET import_stats", Must, Stated, "A GET with template "+t.Name+" in its body is answered with statistics.")
	s.add("body-is-read", "RequestedStats", Must, Inferred, "The answer depends on the body of the GET.")
	s.add("structure", "RequestedStats", Must, Inferred, "A body that is no JSON, or no object or array of objects, is an invalid argument.")
	s.add("body-form", "RequestedStats", Must, Contradicted, "The structure shows an array of one object, the example the bare object: at least one of the two is answered.")
	s.add("item-optional", "RequestedStats[RequestedStats]", May, Silent, "The object inside the array is optional; what an empty array means is not said.")
	s.add("several-items", "RequestedStats", May, Silent, "What several objects in the array mean is not said.")
	s.add("unknown-key", "RequestedStats[RequestedStats]", May, Silent, "What a key that the document does not know means is not said.")
	s.add("content-type", "", May, Silent, "Which Content-Type the request must carry is not said.")
	s.add("mixed-templates", "RequestedStats[RequestedStats]", Must, Inferred, "A request that fits none of the templates is an invalid argument.")
	s.add("stats-type", "stats_type", Must, Stated, "stats_type is flows_per_second, flows_per_minute or flows_per_hour; anything else is an invalid argument.")
	for _, unit := range []string{"second", "minute", "hour"} {
		s.add("stats-type/per-"+unit, "stats_type", Must, Stated, "stats_type flows_per_"+unit+" yields rows of one "+unit+" each.")
	}
	windowRequirements(s, t)
	s.add("source-ip", "source_ip", Must, Stated, "source_ip is an IPv4 or IPv6 address or empty; other text selects nothing.")
	s.add("source-ip/ipv4", "source_ip", Must, Stated, "An IPv4 address selects the rows of that source device.")
	s.add("source-ip/ipv6", "source_ip", Must, Stated, "An IPv6 address selects the rows of that source device.")
	s.add("source-ip/empty", "source_ip", Must, Stated, "An empty source_ip includes all source devices.")
	s.add("source-ip/absent", "source_ip", May, Silent, "What a request without source_ip means is not said.")
	s.add("source-ip/unknown", "source_ip", May, Silent, "What an address without statistics gets is not said.")
	s.add("example", "Example", Should, Exemplified, "The request that the document prints as an example is answered.")
	return append(z.rows, s.rows...)
}

// windowRequirements are those of the keys in which the templates differ.
func windowRequirements(s *section, t Template) {
	switch t.Name {
	case "A":
		s.add("interval-type", "interval_type", Must, Stated, "interval_type is seconds, minutes, hours, weeks, days or months; anything else is an invalid argument.")
		for _, unit := range []string{"seconds", "minutes", "hours", "days", "weeks", "months"} {
			s.add("interval-type/"+unit, "interval_type", Must, Stated, "interval_type "+unit+" counts the window in "+unit+".")
		}
		s.add("time-interval", "time_interval", Must, Stated, "time_interval is a whole number without quotes; anything else is an invalid argument.")
		s.add("time-interval/range", "time_interval", May, Silent, "Which numbers are in range is not said.")
	case "B":
		for _, key := range []string{"start", "end"} {
			s.add(key+"-time", key+"_time", Must, Stated, key+"_time is text, day/month/year hour:minute:second; anything else is an invalid argument.")
		}
		s.add("zone", "start_time", May, Silent, "The time zone of the text is not said.")
	case "C":
		for _, key := range []string{"start", "end"} {
			s.add(key+"-time", key+"_time", Must, Stated, key+"_time is epoch seconds, a whole number without quotes; anything else is an invalid argument.")
		}
		s.add("epoch-form", "start_time", May, Silent, "Whether a whole number may be written with a fraction of zero is not said.")
	}
	if t.Name != "A" {
		s.add("reversed", "end_time", May, Silent, "What a window that ends before it starts gets is not said.")
		s.add("future", "start_time", May, Silent, "What a window in the future gets is not said.")
	}
}

func responseRequirements(t Template) []Requirement {
	s := &section{doc: Analytics, name: "Template Type " + t.Name + ": Response Body", prefix: "analytics/response/" + t.Slug}
	s.add("status", "", Must, Inferred, "Success has a status of the 2xx class and a body.")
	s.add("media-type", "", Should, Inferred, "The body is JSON and its Content-Type says so.")
	s.add("list", "DisplayStats", Must, Stated, "The body is a JSON array.")
	s.add("item", "DisplayStats[DisplayStats]", Must, Stated, "Each item of the array is an object.")
	s.add("extra-keys", "DisplayStats[DisplayStats]", May, Silent, "Whether rows may have keys that the document does not list is not said.")
	s.add("time", "time", Must, Stated, "time is a string that tells a time in UTC.")
	s.add("time/form", "time", Should, Exemplified, "time is written as in the example: date, space, time of day, +00:00.")
	s.add("source-ip", "source_ip", Must, Stated, "source_ip is a string, the source device's address.")
	for _, c := range []struct{ key, what string }{
		{"n_flows", "flows"}, {"n_bytes", "bytes"}, {"n_bad_bytes", "bad bytes"}, {"n_packets", "packets"}, {"n_bad_packets", "bad packets"},
	} {
		s.add(slug(c.key), c.key, Must, Stated, c.key+" is a number, the total of "+c.what+": whole and not negative.")
	}
	for _, key := range []string{"n_flows", "n_bytes", "n_packets"} {
		s.add(slug("peak_"+key), "peak_"+key, Must, Stated, "peak_"+key+" is a string, the peak value of "+key+": a whole number that is not negative.")
	}
	for _, key := range []string{"n_flows", "n_bytes", "n_packets"} {
		s.add("within-total/"+slug("peak_"+key), "peak_"+key, Must, Inferred, "A peak is not larger than the total that it is part of, and in rows of a minute or an hour not zero where the total is not.")
	}
	s.add("within-total/n-bad-bytes", "n_bad_bytes", Must, Inferred, "Bad bytes are among all bytes.")
	s.add("within-total/n-bad-packets", "n_bad_packets", Must, Inferred, "Bad packets are among all packets.")
	s.add("window", "time", Must, Stated, "Rows lie inside the window that was asked for; an interval at its edge may reach over it.")
	s.add("window/coverage", "time", Must, Inferred, "A longer window does not lose the rows of a shorter one inside it.")
	s.add("alignment", "time", Must, Inferred, "The times of rows are a whole number of intervals apart.")
	s.add("unique", "DisplayStats[DisplayStats]", Must, Inferred, "There is one row for each interval and source device.")
	s.add("source-filter", "source_ip", Must, Stated, "Rows belong to the source device that was asked for.")
	s.add("repeatable", "DisplayStats", Must, Inferred, "A window that has ended is answered the same each time.")
	return s.rows
}

// agreementRequirements hold between several requests.
func agreementRequirements() []Requirement {
	s := &section{doc: Analytics, name: "Resources", prefix: "analytics/agreement"}
	s.add("b-with-c", "start_time, end_time", Must, Inferred, "Templates B and C tell the same of the same window, but for the zone of B.")
	s.add("a-with-c", "time_interval", Must, Inferred, "Templates A and C tell the same of the intervals that both cover.")
	s.add("minutes-with-hours", "stats_type", Must, Inferred, "The minutes of an hour add up to the hour.")
	s.add("seconds-with-minutes", "stats_type", Must, Inferred, "The seconds of a minute add up to the minute.")
	s.add("peaks", "peak_n_flows, peak_n_bytes, peak_n_packets", Must, Inferred, "The peaks of an interval are not smaller than those of the intervals that it is made of.")
	s.add("sub-windows", "start_time, end_time", Must, Inferred, "The rows of two adjoining windows are those of both together.")
	s.add("sources-with-all", "source_ip", Must, Inferred, "The rows of one source device are the same whether it is asked for alone or with all.")
	s.add("ipv6-spelling", "source_ip", Must, Inferred, "An IPv6 address selects the same rows however it is spelled.")
	return s.rows
}

// errorRequirements are those of the section Error Codes, which both documents have.
func errorRequirements(doc Document, prefix string, method bool) []Requirement {
	s := &section{doc: doc, name: "Error Codes", prefix: prefix}
	s.add("body", "", Must, Stated, "An error has a body: a JSON object.")
	s.add("media-type", "", Should, Inferred, "The body of an error is JSON and its Content-Type says so.")
	s.add("error-id", "error_id", Must, Stated, "error_id is a string that identifies the error.")
	s.add("error-text", "error_text", Must, Stated, "error_text is a string that describes the error.")
	s.add("error-info", "error_info", May, Stated, "error_info is optional and may have any structure.")
	s.add("extra-keys", "", May, Silent, "Whether an error may have more keys is not said.")
	s.add("status", "HTTP Status", Must, Stated, "Each error_id of the table comes with the status of the table.")
	s.add("no-server-fault", "INTERNAL_ERROR", Must, Inferred, "A client's mistake is not answered as an internal error.")
	s.add("bad-request", "BAD_REQUEST", Must, Stated, "An invalid argument is answered 400 BAD_REQUEST.")
	s.add("auth-required", "AUTH_REQUIRED", Must, Stated, "Missing authentication is answered 401 AUTH_REQUIRED.")
	s.add("auth-invalid-credentials", "AUTH_INVALID_CREDENTIALS", Must, Stated, "A wrong user name or password is answered 401 AUTH_INVALID_CREDENTIALS.")
	s.add("auth-invalid-credentials/password-case", "AUTH_INVALID_CREDENTIALS", Must, Inferred, "A password in the wrong case is a wrong password.")
	s.add("auth-invalid-credentials/user-case", "AUTH_INVALID_CREDENTIALS", Should, Inferred, "A user name in the wrong case is a wrong user name.")
	if method {
		s.add("http-invalid-method", "HTTP_INVALID_METHOD", Must, Stated, "A method that the resource does not have is answered 405 HTTP_INVALID_METHOD.")
	} else {
		s.add("wrong-method", "", May, Silent, "What a method gets that the resource does not have is not said; HTTP_INVALID_METHOD is not in this table.")
	}
	s.add("internal-error", "INTERNAL_ERROR", Must, Stated, "An internal error is answered 500 INTERNAL_ERROR. It cannot be provoked; every 5xx answer of a run is judged.")
	s.add("unknown-path", "", May, Silent, "What a path gets that the document does not know is not said.")
	return s.rows
}
