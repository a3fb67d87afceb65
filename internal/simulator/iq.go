package simulator

import (
	"fmt"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// An iqError is a query's refusal, with the codes whatsmeow has names for.
type iqError struct {
	code int
	text string
}

func (e *iqError) Error() string { return fmt.Sprintf("%d %s", e.code, e.text) }

var (
	errBadRequest     = &iqError{400, "bad-request"}
	errNotAuthorized  = &iqError{401, "not-authorized"}
	errItemNotFound   = &iqError{404, "item-not-found"}
	errNotAcceptable  = &iqError{406, "not-acceptable"}
	errNotImplemented = &iqError{501, "feature-not-implemented"}
)

// An answer is the content of a query's result; nil is an empty result.
type answer = []waBinary.Node

// queries are the namespaces that clients ask in. Each is called without mu.
var queries = map[string]func(c *conn, n *waBinary.Node) (answer, *iqError){
	"w:p":                     empty, // keep-alive
	"urn:xmpp:whatsapp:dirty": empty,
	"urn:xmpp:whatsapp:push":  empty,
	"w:push":                  empty,
	"disappearing_mode":       empty,
	"tos":                     empty,
	"passive":                 (*conn).setPassive,
	"encrypt":                 (*conn).handleKeys,
	"usync":                   (*conn).handleSync,
	"privacy":                 (*conn).handlePrivacy,
	"md":                      (*conn).handleLinked,
	"w:sync:app:state":        (*conn).handleAppState,
	"w:m":                     (*conn).mediaConn,
	"blocklist":               (*conn).blockList,
	"status":                  empty,
	"w:profile:picture":       notFound,
	"w:biz":                   notFound,
	"w:g2":                    (*conn).groups,
}

// handleIQ answers a query. One nobody here knows is refused, as the service
// does, so that a client that begins to ask more is noticed.
func (c *conn) handleIQ(n *waBinary.Node) {
	kind := n.Attrs["type"]
	if kind != "get" && kind != "set" {
		return // an answer to something we did not ask
	}
	space, _ := n.Attrs["xmlns"].(string)
	handle, ok := queries[space]
	if !ok {
		c.server.log.Warn("query was refused", "xmlns", space, "number", c.number())
		_ = c.send(failure(n, errNotImplemented))
		return
	}
	content, err := handle(c, n)
	if err != nil {
		_ = c.send(failure(n, err))
		return
	}
	reply := result(n)
	if content != nil {
		reply.Content = content
	}
	_ = c.send(reply) // the reading side notices a lost connection
	if after := c.afterwards; after != nil {
		c.afterwards = nil
		after()
	}
}

// result returns the empty result of a query.
func result(n *waBinary.Node) waBinary.Node {
	return waBinary.Node{Tag: "iq", Attrs: waBinary.Attrs{
		"from": types.ServerJID, "type": "result", "id": n.Attrs["id"],
	}}
}

func failure(n *waBinary.Node, err *iqError) waBinary.Node {
	return waBinary.Node{Tag: "iq", Attrs: waBinary.Attrs{
		"from": types.ServerJID, "type": "error", "id": n.Attrs["id"],
	}, Content: []waBinary.Node{{
		Tag: "error", Attrs: waBinary.Attrs{"code": err.code, "text": err.text},
	}}}
}

func empty(*conn, *waBinary.Node) (answer, *iqError)    { return nil, nil }
func notFound(*conn, *waBinary.Node) (answer, *iqError) { return nil, errItemNotFound }

// setPassive starts the delivery of the queue once a client says that it is
// active.
func (c *conn) setPassive(n *waBinary.Node) (answer, *iqError) {
	if _, ok := n.GetOptionalChildByTag("active"); ok {
		c.afterwards = c.activate
	}
	return nil, nil
}

// handleLinked lets a companion unlink itself, or another of its account.
func (c *conn) handleLinked(n *waBinary.Node) (answer, *iqError) {
	remove, ok := n.GetOptionalChildByTag("remove-companion-device")
	if !ok {
		return nil, errNotImplemented
	}
	jid, _ := remove.Attrs["jid"].(types.JID)
	a := c.device.account
	c.server.mu.Lock()
	own := c.server.resolve(jid) == a
	c.server.mu.Unlock()
	if !own || jid.Device == 0 {
		return nil, errNotAuthorized
	}
	c.afterwards = func() { c.server.unlink(a, jid.Device, c) }
	return nil, nil
}

// mediaConn names the hosts for pictures and the like, which do not exist here.
func (c *conn) mediaConn(*waBinary.Node) (answer, *iqError) {
	return answer{{
		Tag:     "media_conn",
		Attrs:   waBinary.Attrs{"auth": "sim", "ttl": 3600, "auth_ttl": 3600, "max_buckets": 12},
		Content: []waBinary.Node{{Tag: "host", Attrs: waBinary.Attrs{"hostname": "mmg.whatsapp.net"}}},
	}}, nil
}

func (c *conn) blockList(*waBinary.Node) (answer, *iqError) {
	return answer{{Tag: "list", Attrs: waBinary.Attrs{"dhash": "none"}}}, nil
}

// groups answers that there are none.
func (c *conn) groups(n *waBinary.Node) (answer, *iqError) {
	if _, ok := n.GetOptionalChildByTag("participating"); ok {
		return answer{{Tag: "groups"}}, nil
	}
	return nil, errItemNotFound
}
