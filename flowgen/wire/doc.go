// Package wire writes and reads the datagrams in which routers tell what they
// have seen: NetFlow v5 and v9, IPFIX and sFlow v5 both ways, NetFlow v1 and v7
// read only.
//
// Encoder appends to the caller's bytes and Layout foretells every length, so
// what a traffic model counts without encoding is what the encoder emits.
//
// Decoder is strict: a datagram is taken whole or refused with a typed error.
// It never panics, and allocates by what a datagram holds, never by a length
// that it claims.
//
// Sources: the NetFlow v5 and v7 tables of Cisco's "NetFlow Export Datagram
// Format", RFC 3954 (NetFlow v9), RFC 7011 (IPFIX) and the sFlow.org memo
// "sFlow Version 5" (July 2004).
package wire
