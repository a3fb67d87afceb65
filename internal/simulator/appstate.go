package simulator

import waBinary "go.mau.fi/whatsmeow/binary"

// handleAppState answers that the account's settings are empty. The phones here
// never share the keys that settings are encrypted with, so no client can write
// any; one that tries all the same is refused.
func (c *conn) handleAppState(n *waBinary.Node) (answer, *iqError) {
	sync, ok := n.GetOptionalChildByTag("sync")
	if !ok {
		return nil, errBadRequest
	}
	var collections []waBinary.Node
	for _, asked := range sync.GetChildrenByTag("collection") {
		reply := waBinary.Node{Tag: "collection", Attrs: waBinary.Attrs{"name": asked.Attrs["name"], "version": 0}}
		if _, writes := asked.GetOptionalChildByTag("patch"); writes {
			reply.Attrs["type"] = "error"
			reply.Content = []waBinary.Node{{
				Tag: "error", Attrs: waBinary.Attrs{"code": errNotAcceptable.code, "text": errNotAcceptable.text},
			}}
		}
		collections = append(collections, reply)
	}
	return answer{{Tag: "sync", Content: collections}}, nil
}
