package keystore

import (
	"context"
	"errors"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
)

// pairTimeout bounds what the caller and the database do to record a new device. The
// phone shows "logging in" meanwhile.
const pairTimeout = 10 * time.Second

// ErrKept answers the library's wish to delete a linked device.
var ErrKept = errors.New("the keys are kept until the connection has ended")

// wrap puts k between device and its stores. The library replaces all stores of a new
// device when it is first saved (sqlstore/container.go, initializeDevice), so they are
// wrapped again then.
func (k *Keys) wrap(device *store.Device) {
	device.Container = deviceRow{k}
	device.LIDs = k.lids
	if own, ok := device.Sessions.(*sqlstore.SQLStore); ok {
		device.SetAllStores(&stores{AllSessionSpecificStores: own, Keys: k, jid: own.JID})
	}
}

// A deviceRow is where the library saves and deletes a connection's own device.
type deviceRow struct{ *Keys }

// PutDevice saves the device. The first time is the pairing, and comes before the library
// confirms the pairing to WhatsApp: an error here rejects it. It saves nothing once the
// connection has ended, for that might bring back a device that was just deleted.
func (r deviceRow) PutDevice(ctx context.Context, device *store.Device) error {
	return r.conn.Do(func() error {
		if device.Initialized {
			return r.of.devices.PutDevice(ctx, device)
		}
		return r.pair(ctx, device)
	})
}

// pair records a device that a phone has just scanned, and then stores its keys.
func (r deviceRow) pair(ctx context.Context, device *store.Device) error {
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	if err := r.conn.Pair(ctx, device); err != nil {
		return err
	}
	// The library updates the row of a JID that is already there without replacing its
	// keys (sqlstore/container.go, insertDeviceQuery). That would mix two devices.
	if err := r.of.devices.DeleteDevice(ctx, device); err != nil {
		return err
	}
	if err := r.of.devices.PutDevice(ctx, device); err != nil {
		return err
	}
	r.wrap(device)
	return nil
}

// DeleteDevice deletes a device whose pairing has failed. The library also calls it the
// moment it reads that the device was logged out, locked or banned
// (connectionevents.go, handleStreamError and handleConnectFailure). Then it deletes
// nothing: whether the keys are of use any more depends on how the connection ends. It
// also spares the device object from changing under those who use it.
func (r deviceRow) DeleteDevice(ctx context.Context, device *store.Device) error {
	if r.conn.IsLinked() {
		return ErrKept
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pairTimeout)
	defer cancel()
	return r.of.devices.DeleteDevice(ctx, device)
}
