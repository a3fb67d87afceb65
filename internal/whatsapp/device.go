package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// linkTimeout bounds what the caller and the database do to record a new device.
// The phone shows "logging in" meanwhile.
const linkTimeout = 10 * time.Second

// errKeysKept answers the library's wish to delete a linked device.
var errKeysKept = errors.New("the keys are kept until the connection has ended")

// A deviceRow is where the library saves and deletes a connection's own device.
type deviceRow struct{ conn *Conn }

// PutDevice saves the device. The first time is the pairing, and comes before
// the library confirms it to WhatsApp: an error here rejects the pairing.
func (r deviceRow) PutDevice(ctx context.Context, device *store.Device) error {
	c := r.conn
	if !c.calls.enter() {
		return errOver
	}
	defer c.calls.leave()
	if device.Initialized {
		if c.isOver() {
			return errOver // or it might bring back a device that was just deleted
		}
		return c.network.devices.PutDevice(ctx, device)
	}
	linked := deviceOf(device)
	if !c.beginPairing(linked) {
		return errOver
	}
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	if err := c.link(ctx, linked); err != nil {
		return err
	}
	// The library updates the row of a JID that is already there without
	// replacing its keys, which leaves a mixture of two devices.
	if err := c.network.devices.DeleteDevice(ctx, device); err != nil {
		return err
	}
	if err := c.network.devices.PutDevice(ctx, device); err != nil {
		return err
	}
	c.protect(device)
	return nil
}

// DeleteDevice deletes the device if its pairing has failed. The library also
// calls it the moment it reads that the device was logged out, locked or banned;
// then the keys stay for the connection's end to judge, which also spares the
// device object from changing under those who use it.
func (r deviceRow) DeleteDevice(ctx context.Context, device *store.Device) error {
	if r.conn.isLinked() {
		return errKeysKept
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linkTimeout)
	defer cancel()
	return r.conn.network.devices.DeleteDevice(ctx, device)
}

// link asks the handler to record the device.
func (c *Conn) link(ctx context.Context, device Device) (err error) {
	defer c.recovered(func() { err = errOver })
	if err := c.handler.Link(ctx, device); err != nil {
		return fmt.Errorf("link %s: %w", device.JID, err)
	}
	return nil
}

// deviceOf returns what the caller knows of a device; zero before it is paired.
func deviceOf(device *store.Device) Device {
	if device.ID == nil {
		return Device{}
	}
	d := Device{JID: device.ID.String(), Number: numberOf(*device.ID)}
	if !device.LID.IsEmpty() {
		d.LID = device.LID.ToNonAD().String()
	}
	return d
}

// numberOf returns the E.164 number of a JID, or "" if it has none.
func numberOf(jid types.JID) string {
	if jid.Server != types.DefaultUserServer || jid.User == "" {
		return ""
	}
	return "+" + jid.User
}
