package catalogue

// flowRequirements are what the rows of import_stats promise of the flows that a source device exports. The document
// gives totals of flows, bytes and packets and does not say what is counted. The peaks of its example rows fit NetFlow
// v5 exactly (48 bytes for each flow, 52 for each packet), so that packets are export datagrams; no other reading fits,
// but it is an example. What no reading allows is a must: flows that are lost, or counted differently from one minute to
// the next.
func flowRequirements() []Requirement {
	s := &section{doc: Analytics, name: "Response Body: what is counted", prefix: "analytics/flows"}
	s.add("complete", "n_flows", Must, Inferred, "n_flows is the total of the flows that the source device exported: none is lost, none is counted twice.")
	s.add("minute", "time", Must, Inferred, "What a source device exported in a minute stands in the row of that minute.")
	s.add("second", "time", Must, Inferred, "What a source device exported in a second stands in the row of that second, within what clocks allow.")
	s.add("source", "source_ip", Must, Stated, "What a source device exported stands in the rows of its own address.")
	s.add("all-sources", "source_ip", Must, Stated, "The rows of all source devices include what each of them exported.")
	s.add("packets", "n_packets", Should, Exemplified, "n_packets counts export datagrams, as in the example rows.")
	s.add("bytes", "n_bytes", Should, Exemplified, "n_bytes are the bytes of export datagrams, as in the example rows.")
	s.add("bytes/consistent", "n_bytes", Must, Inferred, "n_bytes counts the bytes of the same traffic alike in every row.")
	s.add("bad/counted", "n_bad_packets", Must, Inferred, "Datagrams that nobody can decode are counted as bad packets, and no others are.")
	s.add("bad/bytes", "n_bad_bytes", Must, Inferred, "Bad packets have bad bytes.")
	s.add("bad/no-flows", "n_flows", Must, Inferred, "Datagrams that nobody can decode add no flows.")
	s.add("bad/kinds", "n_bad_packets", May, Silent, "Which datagrams are bad is not said.")
	s.add("byte-level", "n_bytes", May, Silent, "Which headers bytes include is not said.")
	s.add("bucket-clock", "time", May, Silent, "Whether the time of arrival or the time in a datagram decides on its row is not said.")
	s.add("template-datagrams", "n_packets", May, Silent, "Whether a datagram that holds only templates is a packet is not said.")
	s.add("unknown-template", "n_bad_packets", May, Silent, "What a datagram is whose template was never sent is not said.")
	s.add("old-versions", "", May, Silent, "Which versions of NetFlow are imported is not said.")
	s.add("sflow-flows", "n_flows", May, Silent, "What a flow of sFlow is is not said.")
	s.add("sflow-counters", "n_flows", May, Silent, "What a counter sample of sFlow is is not said.")
	return s.rows
}
