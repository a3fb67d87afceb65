package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// The shapes of the portal's endpoints. Their members are named as existing portals read them,
// which is not how the rest of this API names them. What this installation has no such thing for is
// null.

// portalUser is the user for whom the portal asks.
type portalUser struct {
	ID       string          `json:"id"`
	TenantID flowhq.TenantID `json:"tenantId"`
	Name     string          `json:"name"`
	Email    string          `json:"email"`
	// Phone is always null: accounts have an e-mail address alone.
	Phone     *string     `json:"phone"`
	Role      flowhq.Role `json:"role"`
	CreatedAt time.Time   `json:"createdAt"`
}

// shownUser is an account as the portal reads it.
func shownUser(a flowhq.Account) portalUser {
	return portalUser{
		ID: a.ID, TenantID: a.Tenant, Name: a.Name, Email: a.Email, Role: a.Role,
		CreatedAt: a.CreatedAt,
	}
}

// portalTenant is a tenant with its parts.
type portalTenant struct {
	ID          flowhq.TenantID     `json:"id"`
	Name        string              `json:"name"`
	PhoneNumber string              `json:"phoneNumber"`
	Status      flowhq.TenantStatus `json:"status"`
	Config      portalConfig        `json:"config"`
	Session     portalSession       `json:"session"`
	Worker      portalWorker        `json:"worker"`
	CreatedAt   time.Time           `json:"createdAt"`
	UpdatedAt   time.Time           `json:"updatedAt"`
}

// portalConfig is what a tenant chose about its bot.
type portalConfig struct {
	Template     flowhq.Template `json:"templateType"`
	BusinessName string          `json:"businessName"`
	Language     flowhq.Language `json:"language"`
}

// portalSession is a tenant's link to WhatsApp. The code to scan is no part of it: only who may
// operate the tenant gets one, at an address of its own.
type portalSession struct {
	State      flowhq.SessionState `json:"state"`
	LastSeenAt *time.Time          `json:"lastSeenAt"`
	Reason     string              `json:"reason"`
	NextStep   string              `json:"nextStep"`
}

// portalWorker is the tenant's host, which portals call its worker.
type portalWorker struct {
	Status    flowhq.HostStatus `json:"status"`
	LastError *string           `json:"lastError"`
}

// shownTenant is a tenant as the portal reads it.
func shownTenant(t flowhq.Tenant) portalTenant {
	return portalTenant{
		ID: t.ID, Name: t.Name, PhoneNumber: t.PhoneNumber, Status: t.Status,
		Config: portalConfig{t.Config.Template, t.Config.BusinessName, t.Config.Language},
		Session: portalSession{
			t.Session.State, t.Session.LastSeenAt, t.Session.Reason, t.Session.NextStep,
		},
		Worker:    portalWorker{t.Host.Status, orNull(t.Host.LastError)},
		CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
}

// orNull is a text, and null in place of an empty one.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// portalSetup is a setup request.
type portalSetup struct {
	ID       string          `json:"id"`
	TenantID flowhq.TenantID `json:"tenantId"`
	// UserID is null for a request that somebody else has submitted.
	UserID         *string            `json:"userId"`
	BusinessName   string             `json:"businessName"`
	Template       flowhq.Template    `json:"templateType"`
	WhatsAppNumber string             `json:"whatsappNumber"`
	Language       flowhq.Language    `json:"language"`
	Status         flowhq.SetupStatus `json:"status"`
	Notes          *string            `json:"notes"`
	CreatedAt      time.Time          `json:"createdAt"`
	UpdatedAt      time.Time          `json:"updatedAt"`
}

// shownPortalSetup is a setup request as the portal reads it. Who submitted it is an actor, such as
// "portal asha@example.com (192.0.2.7)", and its second word an address.
func shownPortalSetup(u flowhq.Account, r flowhq.SetupRequest) portalSetup {
	s := portalSetup{
		ID: r.ID, TenantID: r.Tenant, BusinessName: r.BusinessName, Template: r.Template,
		WhatsAppNumber: r.WhatsAppNumber, Language: r.Language, Status: r.Status,
		Notes: orNull(r.Notes), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	// The address is compared, since an actor does not have the account's id.
	if by := strings.Fields(r.SubmittedBy); len(by) > 1 && by[1] == u.Email {
		s.UserID = &u.ID
	}
	return s
}

// portalSubmitted answers with a setup request, and says whether the session starts already, as it
// does where nobody has to approve requests.
type portalSubmitted struct {
	portalSetup
	WorkerStarted bool `json:"workerStarted"`
}

// location is where the portal reads the request, with its user and tenant.
func (portalSubmitted) location() string { return portalPath + "/me" }

// portalState is how a tenant and its newest setup request are.
type portalState struct {
	Tenant       portalTenant `json:"tenant"`
	SetupRequest *portalSetup `json:"setupRequest"`
}

// portalSelf is portalState with the user.
type portalSelf struct {
	User portalUser `json:"user"`
	portalState
}

// portalCode is the code to scan, as a picture.
type portalCode struct {
	State flowhq.SessionState `json:"state"`
	QR    *string             `json:"qr"` // PNG as a data URL
}

// portalMessage is a message of the log.
type portalMessage struct {
	ID          string           `json:"id"`
	TenantID    flowhq.TenantID  `json:"tenantId"`
	Direction   flowhq.Direction `json:"direction"`
	FromNumber  string           `json:"fromNumber"`
	ToNumber    string           `json:"toNumber"`
	MessageText string           `json:"messageText"`
	WAMessageID *string          `json:"waMessageId"`
	CreatedAt   time.Time        `json:"createdAt"`
}

// shownMessage is a message as the portal reads it. The id is a text, since portals use it as a
// key.
func shownMessage(tenant flowhq.TenantID, m flowhq.Message) portalMessage {
	return portalMessage{
		ID: strconv.FormatInt(m.ID, 10), TenantID: tenant, Direction: m.Direction,
		FromNumber: m.FromNumber, ToNumber: m.ToNumber, MessageText: m.Text,
		WAMessageID: orNull(m.WAMessageID), CreatedAt: m.CreatedAt,
	}
}
