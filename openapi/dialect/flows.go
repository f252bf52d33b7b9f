package dialect

// The keys of the open questions about what import_stats counts. The judge sees the answers where it may send flows.
const (
	BucketClock       Key = "bucket-clock"
	ByteLevel         Key = "byte-level"
	BadDatagrams      Key = "bad-datagrams"
	TemplateDatagrams Key = "template-datagrams"
	UnknownTemplate   Key = "unknown-template"
	OldVersions       Key = "old-versions"
	SFlowFlows        Key = "sflow-flows"
	SFlowCounters     Key = "sflow-counters"
)

// flowQuestions are those that can only be seen by sending flows.
var flowQuestions = []Question{
	{
		Key: BucketClock, Ask: "Into which interval does a datagram go whose own time is two hours old?",
		Why: "analytics, Response Body: time is UTC; whose clock is not said", Observed: true,
		Answers: []Answer{{"arrival", "that in which it arrived"}, {"header", "that of the time in its header"}, {"none", "into neither: it is not counted"}},
	},
	{
		Key: ByteLevel, Ask: "Which headers do the bytes of a datagram include?",
		Why: "analytics, Response Body: a total of bytes; the peaks of the example fit 48 for a flow and 52 for a packet, IP and UDP headers included", Observed: true,
		Answers: []Answer{{"ip", "UDP and IP"}, {"payload", "none"}, {"udp", "UDP"}, {"ethernet", "UDP, IP and Ethernet"}, {"frame", "UDP, IP and Ethernet with its checksum"}},
	},
	{
		Key: BadDatagrams, Ask: "Which malformed datagrams are bad packets?",
		Why: "analytics, Response Body: totals of bad bytes and bad packets; what is bad is not said", Observed: true,
		Answers: []Answer{{"all", "an unknown version, a few bytes, and one that ends within a record"}},
		Form:    "some of version, stump and cut, with a plus between", Pattern: `^(version|stump|cut)(\+(stump|cut))*$`,
	},
	{
		Key: TemplateDatagrams, Ask: "Does a datagram that holds only templates count as a packet?",
		Why: "analytics, Response Body: silent", Observed: true,
		Answers: []Answer{{"packet", "yes"}, {"ignored", "it is not counted at all"}, {"bad", "it counts as a bad packet"}},
	},
	{
		Key: UnknownTemplate, Ask: "What is a datagram whose template was never sent?",
		Why: "analytics, Response Body: silent", Observed: true,
		Answers: []Answer{{"bad", "a bad packet"}, {"packet", "a packet without flows"}, {"ignored", "not counted at all"}, {"flows", "a packet with flows"}},
	},
	{
		Key: OldVersions, Ask: "Which of the old versions of NetFlow, 1 and 7, are taken on the port of version 5?",
		Why: "analytics: names no protocol of import", Observed: true,
		Answers: []Answer{{"both", "1 and 7"}, {"one", "1 only"}, {"seven", "7 only"}, {"none", "neither"}},
	},
	{
		Key: SFlowFlows, Ask: "What is a flow of sFlow?",
		Why: "analytics: names no protocol of import", Observed: true,
		Answers: []Answer{{"samples", "a flow sample"}, {"scaled", "a flow sample, as often as its sampling rate says"}, {"datagrams", "a datagram"}, {"none", "nothing is"}},
	},
	{
		Key: SFlowCounters, Ask: "What is a counter sample of sFlow?",
		Why: "analytics: names no protocol of import", Observed: true,
		Answers: []Answer{{"none", "no flow; its datagram is a packet"}, {"flows", "a flow"}, {"ignored", "not counted at all"}},
	},
}
