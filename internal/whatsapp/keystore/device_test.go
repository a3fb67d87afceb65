package keystore

import (
	"errors"
	"testing"
)

// A number that is linked anew may get the device number it had. Nothing of the old keys
// may be left, and the keys of the new device are guarded from the first message on.
func TestPairingReplacesOldKeys(t *testing.T) {
	u := newUser(t)
	anew := u.of.devices.NewDevice()
	c := &connection{}
	u.of.Use(anew, c)
	anew.ID, anew.LID, anew.Account = u.device.ID, u.device.LID, u.device.Account
	if err := anew.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	stored, err := u.of.Device(t.Context(), anew.ID.String())
	if err != nil || *stored.NoiseKey.Priv != *anew.NoiseKey.Priv ||
		*stored.IdentityKey.Priv != *anew.IdentityKey.Priv {
		t.Errorf("the stored keys are not the new device's; %v", err)
	}
	if _, isWrapped := anew.Sessions.(*stores); !isWrapped {
		t.Errorf("the new device's sessions are a %T; want them wrapped", anew.Sessions)
	}
}

func TestRejectedPairingStoresNothing(t *testing.T) {
	u := newUser(t)
	if err := u.of.Forget(t.Context(), u.device.ID.String()); err != nil {
		t.Fatal(err)
	}
	anew := u.of.devices.NewDevice()
	refusal := errors.New("the number belongs to another tenant")
	u.of.Use(anew, &connection{pairErr: refusal})
	anew.ID, anew.LID, anew.Account = u.device.ID, u.device.LID, u.device.Account
	if err := anew.Save(t.Context()); !errors.Is(err, refusal) {
		t.Errorf("Save = %v; want %v", err, refusal)
	}
	if n := count(t, u.of, `select count(*) from whatsmeow_device`); n != 0 {
		t.Errorf("%d devices are stored; want none", n)
	}
}
