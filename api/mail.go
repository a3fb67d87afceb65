package api

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/store"
)

// Mailer sends a mail. nil means that the mail server has taken it over. It returns within seconds,
// whatever the server does.
type Mailer interface {
	Send(ctx context.Context, to, subject, text string) error
}

// Limits on mails that anybody may have sent by asking for another password.
const (
	// forgotEvery is how often an account gets such a mail; further ones would only replace links
	// that are on their way.
	forgotEvery = 10 * time.Minute
	// maxForgot is how many times an hour one address may ask.
	maxForgot    = 10
	forgotWindow = time.Hour
	// maxForgotWaiting is how many mails are under way at a time. Each takes some seconds at most.
	maxForgotWaiting = 32
	forgotTimeout    = 20 * time.Second
)

// letter is the text of a mail with a link. The languages are those of the bot; accounts have none.
func letter(link string) (subject, text string) {
	return "Flow HQ: your link / kiungo chako", "Hello,\n\n" +
		"with this link you set your password for Flow HQ. It works once, within seven days:\n\n" +
		link + "\n\nIf you have not asked for it, you need not do anything.\n\n---\n\n" +
		"Habari,\n\nkwa kiungo hiki unaweka nenosiri lako la Flow HQ. Kinafanya kazi mara moja " +
		"tu, ndani ya siku saba:\n\n" + link + "\n\nKama hukukiomba, huhitaji kufanya chochote.\n"
}

// mailLink sends the link in an answer to its account, where mails are sent at all, and notes in
// the answer what came of it. The link stays in the answer: a mail that the server has taken may
// still not arrive, and whoever asks may pass the link on. That no mail was sent is no error of the
// request, as the account is there. The server's own words are for the log alone.
func (a *API) mailLink(ctx context.Context, answer *invited) {
	if a.Mail == nil {
		return
	}
	subject, text := letter(answer.Link)
	if err := a.Mail.Send(ctx, answer.Account.Email, subject, text); err != nil {
		a.Log.WarnContext(ctx, "a mail was not sent", slog.Any("err", err))
		answer.MailProblem = "the mail server did not take the mail; pass the link on yourself"
		return
	}
	answer.Mailed = true
}

// forgotBody is the body of POST /auth/forgot.
type forgotBody struct {
	Email string `json:"email"`
}

// forgotRequest is POST /auth/forgot.
type forgotRequest struct {
	visit
	forgotBody
}

func (r *forgotRequest) bind(b *binder) {
	r.visit.bind(b)
	b.body(&r.forgotBody)
	if r.Email = flowhq.NormalEmail(r.Email); r.Email == "" || len(r.Email) > maxEmail {
		b.wrong("email", "must be an e-mail address of at most 254 characters")
	}
}

// forgotten says nothing of the account.
type forgotten struct {
	Requested bool `json:"requested"`
}

// forgot handles POST /auth/forgot: a person has lost the password, and asks for a link. The answer
// comes before the account is looked for, so neither it nor its time tells whether there is one.
func (a *API) forgot(ctx context.Context, req forgotRequest) (forgotten, error) {
	if a.Mail == nil {
		return forgotten{}, flowhq.Errorf(flowhq.NotFound,
			"no mails are sent here; ask an operator or your owner for a link")
	}
	if !a.mayAsk(req.network()) {
		return forgotten{}, &waitError{forgotWindow, flowhq.Errorf(tooMany,
			"too many links were asked for from this address; try again later"),
			limit{"address", maxForgot, forgotWindow}}
	}
	// Nobody waits for a slot: requests that wait would pile up where anybody may ask.
	select {
	case a.forgotSlots <- struct{}{}:
	default:
		return forgotten{}, flowhq.Errorf(flowhq.Unavailable,
			"too many links are asked for at this moment; try again in a few seconds")
	}
	go func() {
		defer func() { <-a.forgotSlots }()
		// The request ends with its answer, which must not end the mail.
		ctx, cancel := context.WithTimeout(outlasting(ctx), forgotTimeout)
		defer cancel()
		if err := a.sendForgotten(ctx, req); err != nil {
			a.Log.WarnContext(ctx, "a link for a lost password was not sent", slog.Any("err", err))
		}
	}()
	return forgotten{true}, nil
}

// mayAsk counts a request from an address. A Recent tells first times only, so each of the tries
// has a name of its own, which is free again an hour after it was taken.
func (a *API) mayAsk(address string) bool {
	for i := range maxForgot {
		if a.forgotten.First("address "+address+" "+strconv.Itoa(i), forgotWindow) {
			return true
		}
	}
	return false
}

// sendForgotten makes and sends the link, if the address has an account that may sign in.
func (a *API) sendForgotten(ctx context.Context, req forgotRequest) error {
	// The account is looked for before it is counted: made-up addresses would push others out of
	// what is remembered.
	l, err := a.Accounts.Login(ctx, req.Email)
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound, err == nil && l.Disabled:
		return nil
	case err != nil:
		return err
	case !a.forgotten.First("account "+l.ID, forgotEvery):
		return nil
	}
	// An account has one link, so this one replaces an invitation that is still open.
	token := access.NewToken()
	link := store.PasswordLink{Hash: access.Hash(token), Lifetime: linkLifetime}
	// Whoever asked need not be the person, so the event has the address alone.
	if _, err := a.Accounts.MakeLink(ctx, l.Tenant, l.ID, link, req.from[0].String()); err != nil {
		return err
	}
	subject, text := letter(a.joinURL(token))
	return a.Mail.Send(ctx, l.Email, subject, text)
}
