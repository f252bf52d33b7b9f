// Package ingest receives the datagrams of flow exporters over UDP, decodes them strictly and counts them by source and
// second: what import_stats tells. Flows are counted and never kept.
//
// A datagram belongs to the address that sent it, and to the second in which it arrived by the appliance's clock. Its
// bytes are those of the IP packet: 28 more than the payload with IPv4, 48 with IPv6, as the example rows of the
// documents have it (analytics, Response Body). A datagram that cannot be decoded is bad: it counts as a packet too, and
// its flows do not. One with data for which no template has come is bad as well, and the flows that could be read in it
// count. That is how the dialect answers by default; Rules hold other answers.
package ingest
