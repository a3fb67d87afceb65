package whatsapp

import (
	"net/http"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
)

// newClient returns the library's client for device, set up so that nothing is
// acknowledged before the handlers are done and nothing reconnects by itself.
func (c *Conn) newClient(device *store.Device) *whatsmeow.Client {
	client := whatsmeow.NewClient(device, logger{log: c.logger(), isSilenced: c.hasEnded})
	client.SetWebsocketHTTPClient(&http.Client{Transport: c.wire})
	client.SetPreLoginHTTPClient(&http.Client{Transport: c.wire}) // pairing uses this one
	client.SetMediaHTTPClient(c.network.media)
	client.BackgroundEventCtx = c.ctx
	client.AddEventHandlerWithSuccessStatus(c.handle)
	client.GetClientPayload = func() *waWa6.ClientPayload { return c.payload(device) }

	// Without SynchronousAck a message is acknowledged while its handler runs. Without
	// the buffer, a message is lost if the process dies between decrypting and recording:
	// the library drops its redelivery as an old counter and acknowledges it.
	client.SynchronousAck = true
	client.EnableDecryptedEventBuffer = true

	// The caller decides when to dial again. See Conn.restart for the second.
	client.EnableAutoReconnect = false
	client.DisableLoginAutoReconnect = true

	// After a restart the library's memory of sent messages is empty, and a phone may ask
	// for one days later.
	client.GetMessageForRetry = c.sentMessage
	// One retry at a time, so that a lease of the keys' lock has one possible holder.
	client.SetMaxParallelRetryReceiptHandling(1)

	// By default receipts say "inactive", and customers never see the second tick.
	client.SetForceActiveDeliveryReceipts(true)
	// A history of 300,000 messages was measured to take 790 MiB when the library
	// downloads it by itself.
	client.ManualHistorySyncDownload = true
	// A customer's new phone has a new identity key. Without this, nothing it sends could be
	// decrypted until somebody has compared security codes.
	client.AutoTrustIdentity = true
	client.SendReportingTokens = true // as WhatsApp's own clients do
	return client
}

// payload is what a connection introduces itself with. The library would name the version
// in its package variables.
func (c *Conn) payload(device *store.Device) *waWa6.ClientPayload {
	p := device.GetClientPayload() // a copy of its own
	p.UserAgent.AppVersion = c.version.ProtoAppVersion()
	if p.DevicePairingData != nil {
		hash := c.version.Hash()
		p.DevicePairingData.BuildHash = hash[:]
	}
	return p
}
