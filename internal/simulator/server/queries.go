package server

import (
	"fmt"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// A queryError is a query's refusal, with the codes that the library has names for.
type queryError struct {
	code int
	text string
}

func (e *queryError) Error() string { return fmt.Sprintf("%d %s", e.code, e.text) }

// node returns the refusal as a part of an answer.
func (e *queryError) node() waBinary.Node {
	return waBinary.Node{Tag: "error", Attrs: waBinary.Attrs{"code": e.code, "text": e.text}}
}

// These are all that the library and the tests make a difference between.
var (
	errBadRequest     = &queryError{400, "bad-request"}
	errNotAuthorized  = &queryError{401, "not-authorized"}
	errItemNotFound   = &queryError{404, "item-not-found"}
	errNotAcceptable  = &queryError{406, "not-acceptable"}
	errNotImplemented = &queryError{501, "feature-not-implemented"}
)

// Queries travel in <iq>, with an id by which the client finds the answer:
//
//	<iq id xmlns type=get|set>…</iq> ->    <iq id type=result>…</iq> or
//	                                       <iq id type=error><error code text/></iq>

// An answer is the content of a query's result; nil is an empty result. Handlers return it,
// or the reason why there is none, and send nothing themselves.
type answer = []waBinary.Node

// queries are the namespaces that clients ask in. The library waits 75 s for an answer,
// so everything that it may ask is answered.
var queries = map[string]func(c *conn, n *waBinary.Node) (answer, *queryError){
	"w:p":                     empty, // keep-alive
	"urn:xmpp:whatsapp:dirty": empty,
	"urn:xmpp:whatsapp:push":  empty,
	"w:push":                  empty,
	"disappearing_mode":       empty,
	"tos":                     empty,
	"passive":                 (*conn).setPassive,
	"encrypt":                 (*conn).handleKeys,
	"usync":                   (*conn).handleUserSync,
	"privacy":                 (*conn).handlePrivacy,
	"md":                      (*conn).removeCompanion,
	"w:sync:app:state":        (*conn).handleAppState,
	"w:m":                     (*conn).mediaConn,
	"blocklist":               (*conn).blockList,
	"status":                  empty,
	"w:profile:picture":       notFound,
	"w:biz":                   notFound,
	"w:g2":                    (*conn).groups, // named so by WhatsApp: groups, second form
}

// handleQuery answers a query. One that nobody here knows is refused, as the service
// does, so that a client that begins to ask more is noticed.
func (c *conn) handleQuery(n *waBinary.Node) {
	kind := n.Attrs["type"]
	if kind != "get" && kind != "set" {
		return // an answer to something we did not ask
	}
	space := wire.String(n, "xmlns") // the namespace says what the query is about
	handle, ok := queries[space]
	if !ok {
		c.server.log.Warn("query was refused", "xmlns", space, "number", c.logNumber())
		_ = c.Send(failure(n, errNotImplemented))
		return
	}
	// The answer is sent by the goroutine that reads: a client's queries are answered in order.
	content, err := handle(c, n)
	if err != nil {
		_ = c.Send(failure(n, err))
		return
	}
	reply := result(n)
	if content != nil {
		reply.Content = content
	}
	_ = c.Send(reply) // a lost connection shows when it is read from
	// What follows may send stanzas of its own, or end the connection.
	if after := c.afterwards; after != nil {
		c.afterwards = nil
		after()
	}
}

// result returns the empty result of a query, to which the caller adds the content.
func result(n *waBinary.Node) waBinary.Node {
	return waBinary.Node{Tag: "iq", Attrs: waBinary.Attrs{
		"from": types.ServerJID, "type": "result", "id": n.Attrs["id"],
	}}
}

// failure returns the refusal of a query, which the library returns as an IQError.
func failure(n *waBinary.Node, err *queryError) waBinary.Node {
	return waBinary.Node{Tag: "iq", Attrs: waBinary.Attrs{
		"from": types.ServerJID, "type": "error", "id": n.Attrs["id"],
	}, Content: []waBinary.Node{err.node()}}
}

// empty answers queries of which clients only want to know that they arrived.
func empty(*conn, *waBinary.Node) (answer, *queryError) { return nil, nil }

// notFound answers queries for what nobody here has.
func notFound(*conn, *waBinary.Node) (answer, *queryError) { return nil, errItemNotFound }

// setPassive starts the delivery of the queue once a client says that it is active. It
// does so after the answer, which the client waits for first.
func (c *conn) setPassive(n *waBinary.Node) (answer, *queryError) {
	if _, ok := n.GetOptionalChildByTag("active"); ok {
		c.afterwards = c.activate
	}
	return nil, nil
}

// removeCompanion lets a companion unlink itself, or another of its account. It does so
// after the answer, because unlinking ends the connection.
func (c *conn) removeCompanion(n *waBinary.Node) (answer, *queryError) {
	remove, ok := n.GetOptionalChildByTag("remove-companion-device")
	if !ok {
		return nil, errNotImplemented
	}
	jid := wire.JID(&remove, "jid")
	isOwn := false // nobody unlinks other people's devices
	c.server.do(func(st *state) {
		a := st.resolve(jid)
		isOwn = a != nil && a.Number == c.self.Number
	})
	if !isOwn || jid.Device == 0 {
		return nil, errNotAuthorized
	}
	c.afterwards = func() {
		c.server.do(func(st *state) { st.unlink(st.accounts[c.self.Number], jid.Device, c) })
	}
	return nil, nil
}

// handleAppState answers that the account's settings are empty. The phones here never
// share the keys that settings are encrypted with, so no client can write any. One that
// tries all the same is refused.
func (c *conn) handleAppState(n *waBinary.Node) (answer, *queryError) {
	// Clients ask for several collections of settings at once, such as contacts and chats.
	sync, ok := n.GetOptionalChildByTag("sync")
	if !ok {
		return nil, errBadRequest
	}
	var collections []waBinary.Node
	for _, asked := range sync.GetChildrenByTag("collection") {
		// No snapshot: the library takes one that it has not asked for as an error.
		reply := waBinary.Node{
			Tag: "collection", Attrs: waBinary.Attrs{"name": asked.Attrs["name"], "version": 0},
		}
		if _, writes := asked.GetOptionalChildByTag("patch"); writes {
			reply.Attrs["type"] = "error"
			reply.Content = []waBinary.Node{errNotAcceptable.node()}
		}
		collections = append(collections, reply)
	}
	return answer{{Tag: "sync", Content: collections}}, nil
}

// mediaConn names the host for pictures and the like, which is this server: every name that a
// client dials leads here.
func (c *conn) mediaConn(*waBinary.Node) (answer, *queryError) {
	// The figures are WhatsApp's: for how long the client need not ask again, in seconds.
	host := waBinary.Node{Tag: "host", Attrs: waBinary.Attrs{"hostname": "mmg.whatsapp.net"}}
	return answer{{
		Tag: "media_conn",
		Attrs: waBinary.Attrs{
			"auth": mediaAuth, "ttl": 3600, "auth_ttl": 3600, "max_buckets": 12,
		},
		Content: []waBinary.Node{host},
	}}, nil
}

// blockList answers that nobody is blocked.
func (c *conn) blockList(*waBinary.Node) (answer, *queryError) {
	return answer{{Tag: "list", Attrs: waBinary.Attrs{"dhash": "none"}}}, nil
}

// groups answers that there are none. Group chats are not part of what is simulated.
func (c *conn) groups(n *waBinary.Node) (answer, *queryError) {
	if _, ok := n.GetOptionalChildByTag("participating"); ok {
		return answer{{Tag: "groups"}}, nil
	}
	return nil, errItemNotFound
}
