// Package wire speaks WhatsApp's encrypted protocol, from the server's side.
//
// A client opens a websocket over TLS. On it, it sends frames: a length of three bytes,
// then data. The first three frames are a Noise handshake (Noise_XX_25519_AESGCM_SHA256),
// in which the server proves its key with a chain of two certificates and the client
// says who it is. Each frame after that is one stanza: binary XML, sealed with AES-GCM
// under a counter for each direction.
//
// The package knows frames, keys and stanzas. What a stanza means is the business of
// package server. Its parts, from the bottom up:
//
//   - [Identity]: the keys and certificates by which clients recognise the server.
//   - cipherState and handshake (noise.go): the Noise protocol.
//   - [Marshal] and [Unmarshal] (nodes.go): stanzas as binary XML.
//   - [Conn]: one client's connection. [NewServer] accepts them.
package wire
