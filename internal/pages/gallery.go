package pages

import (
	"bytes"
	"embed"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/headers"
)

// GalleryPath is where the gallery is.
const GalleryPath = "/admin/ui"

//go:embed gallery/gallery.html
var galleryFile embed.FS

// Gallery returns the page that shows each component in every state, for who works on the pages. It
// is made of the pages' own templates and files, so it cannot show what no page would. It belongs to
// development: it asks nobody anything, and knows no tenant.
func Gallery() (http.Handler, error) {
	files, err := loadStatic()
	if err != nil {
		return nil, err
	}
	words, err := loadTexts()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+staticPath, files)
	// One for operators and one for businesses, which have another frame, and the longer words.
	pages := map[bool][]byte{}
	for _, app := range []bool{false, true} {
		lang := flowhq.English
		me := flowhq.Principal{Kind: flowhq.PrincipalOperator, Name: "asha@example.com"}
		if app {
			lang = flowhq.Swahili
			me = flowhq.Principal{Kind: flowhq.PrincipalUser, Name: "mama@example.com", Tenant: "x"}
		}
		shared, err := sharedTemplates(files, words, lang)
		if err != nil {
			return nil, err
		}
		page, err := shared.ParseFS(galleryFile, "gallery/gallery.html")
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		err = page.ExecuteTemplate(&b, "gallery", view{
			Title: "Components", Section: "home", Me: me, Language: lang, Path: GalleryPath,
			Waiting: 4, Data: newGallery(app),
		})
		if err != nil {
			return nil, err
		}
		pages[app] = b.Bytes()
	}
	mux.HandleFunc("GET "+GalleryPath, func(w http.ResponseWriter, r *http.Request) {
		headers.Set(w.Header(), r, headers.Page)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(pages[r.FormValue("app") != ""]) // who has left needs no answer
	})
	return mux, nil
}

// gallery is what the page shows its components with.
type gallery struct {
	Typed  form
	States []string
	Tiles  []templateTile
	Charts []chart
	At     time.Time
	Chats  []flowhq.Chat
	Page   tenantPage
	Steps  []step
	Links  []tenantPage
}

// newGallery makes the samples, as operators or a business see them.
func newGallery(app bool) gallery {
	at := time.Now().Add(-12 * time.Minute)
	tenant := flowhq.Tenant{
		Name: "Blue Door Barbers", PhoneNumber: "+255712345678", Wanted: true,
		Config: flowhq.Config{BusinessName: "Blue Door Barbers", Template: flowhq.BookingTemplate},
	}
	page := tenantPage{Tenant: tenant, Base: "/app", App: app, Messages: galleryMessages(at)}
	g := gallery{
		Typed: form{
			Values: url.Values{"name": {"Mama Lishe"}, "wrong": {"lots"}},
			Errors: map[string]string{"wrong": "Must be a whole number."},
		},
		// One of each tone.
		States: []string{"ACTIVE", "QR_PENDING", "ERROR", "NEW"},
		Tiles:  tiles, At: at, Chats: galleryChats(at), Page: page,
		Charts: []chart{newChart("Messages a minute", "messages a minute", time.Now(),
			10*time.Minute, sayNumber, []string{"from customers", "to customers"}, galleryDay())},
		Steps: []step{{"asked", true, false}, {"approved", true, false}, {"linked", false, true},
			{"answering", false, false}},
	}
	// A phone that waits for its code, that has one to scan, one to type, and that is linked.
	code, ends := galleryCode, time.Now().Add(shortCode/2*time.Second)
	waiting, scans, types, linked := page, page, page, page
	scans.QR = qr{State: flowhq.QRReady, QR: &code, ExpiresAt: &ends}
	types.QR, types.Code = scans.QR, "ABCD-1234"
	linked.QR.State, linked.Tenant.Session.Number = flowhq.Connected, tenant.PhoneNumber
	g.Links = []tenantPage{waiting, scans, types, linked}
	return g
}

// galleryCode is a picture of one dot, which is stretched: what is on it is no component's affair.
const galleryCode = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="

// galleryMessages have each state in which a message is shown.
func galleryMessages(at time.Time) []flowhq.Message {
	in := func(text string, s flowhq.MessageStatus, why string) flowhq.Message {
		return flowhq.Message{
			Direction: flowhq.In, Kind: flowhq.KindText, Text: text, Status: s, Reason: why, CreatedAt: at,
		}
	}
	out := func(text string, s flowhq.MessageStatus) flowhq.Message {
		return flowhq.Message{
			Direction: flowhq.Out, Kind: flowhq.KindReply, Text: text, Status: s, CreatedAt: at,
		}
	}
	return []flowhq.Message{
		in("Habari, naomba kukata nywele kesho saa nne", flowhq.Answered, ""),
		out("Kesho saa 4:00 asubuhi ipo. Nikuwekee?", flowhq.Read),
		in("Ndiyo", flowhq.Answered, ""),
		out("Sawa, miadi yako imewekwa.", flowhq.Delivered), out("Karibu!", flowhq.Sent),
		out("Asante", flowhq.Failed),
		{Direction: flowhq.In, Kind: flowhq.KindMedia, Media: flowhq.MediaVoice,
			Status: flowhq.Ignored, CreatedAt: at},
		in("Hello? "+strings.Repeat("Hello? ", 12), flowhq.Suppressed, "the contact is over its limit"),
		in("Bado mko wazi?", flowhq.Received, ""),
	}
}

// galleryChats have each state in which a chat is listed.
func galleryChats(at time.Time) []flowhq.Chat {
	chat := func(id int64, name string, unread int, d flowhq.Direction, k flowhq.Kind, text string) flowhq.Chat {
		return flowhq.Chat{
			Contact:     flowhq.Contact{ID: id, Name: name, Number: "+255712345678"},
			LastMessage: &flowhq.ChatMessage{Direction: d, Kind: k, Text: text, CreatedAt: at},
			Unread:      unread,
		}
	}
	all := []flowhq.Chat{
		chat(1, "Juma Hamisi Mwinyi wa Kariakoo", 3, flowhq.In, flowhq.KindText,
			"Nataka kuongea na mtu kuhusu oda yangu ya jana"),
		chat(2, "Amina Juma", 0, flowhq.Out, flowhq.KindReply, "Karibu!"),
		chat(3, "", 0, flowhq.Out, flowhq.KindOwner, "Nitakupigia"),
		chat(4, "Neema", flowhq.MaxUnread, flowhq.In, flowhq.KindMedia, ""),
	}
	all[0].Contact.HandOver = &flowhq.HandOver{}
	all[3].Contact.LeftAlone = flowhq.LeftListed
	return all
}

// galleryDay are the figures of a day.
func galleryDay() [][]point {
	day := [][]point{nil, nil}
	const stretches = 144
	for i := range stretches {
		at := time.Now().Add(time.Duration(i-stretches) * 10 * time.Minute)
		busy := 20 + 18*math.Sin(float64(i)/stretches*2*math.Pi-2) + float64(i*7919%11)
		day[0] = append(day[0], point{at, busy})
		day[1] = append(day[1], point{at, busy * 0.9})
	}
	return day
}
