package whatsapp

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/flowhq/flowhq"
)

// decoded is a message given as JSON.
func decoded(t testing.TB, json string) *waE2E.Message {
	t.Helper()
	m := &waE2E.Message{}
	if err := protojson.Unmarshal([]byte(json), m); err != nil {
		t.Fatalf("%s: %v", json, err)
	}
	return m
}

// said is what a field says: a message of it and what is to be made of that.
type said struct {
	json  string // the message
	class class
	kind  flowhq.Kind
	text  string
}

// ofFields has an example of each field with all that it can say, and, if that is
// words, one without them, under the same name with a question mark.
var ofFields = map[string]said{
	"conversation":         {`{"conversation":"hi"}`, worded, flowhq.KindText, "hi"},
	"conversation?":        {`{"conversation":""}`, nothing, "", ""},
	"extendedTextMessage":  {`{"extendedTextMessage":{"text":"see x.org","contextInfo":{"quotedMessage":{"conversation":"quoted"}}}}`, worded, flowhq.KindText, "see x.org"},
	"extendedTextMessage?": {`{"extendedTextMessage":{}}`, nothing, "", ""},

	"buttonsResponseMessage":  {`{"buttonsResponseMessage":{"selectedDisplayText":"Cut","selectedButtonID":"b1"}}`, worded, flowhq.KindText, "Cut"},
	"buttonsResponseMessage?": {`{"buttonsResponseMessage":{}}`, wordless, flowhq.KindText, ""},
	"templateButtonReplyMessage": {`{"templateButtonReplyMessage":{"selectedDisplayText":"Yes"}}`,
		worded, flowhq.KindText, "Yes"},
	"templateButtonReplyMessage?": {`{"templateButtonReplyMessage":{}}`, wordless, flowhq.KindText, ""},
	"listResponseMessage":         {`{"listResponseMessage":{"title":"Cut","singleSelectReply":{"selectedRowID":"r1"}}}`, worded, flowhq.KindText, "Cut"},
	"listResponseMessage?":        {`{"listResponseMessage":{"singleSelectReply":{"selectedRowID":"r1"}}}`, worded, flowhq.KindText, "r1"},
	"interactiveResponseMessage":  {`{"interactiveResponseMessage":{"body":{"text":"Sent"},"nativeFlowResponseMessage":{"name":"flow","paramsJSON":"{\"flow_token\":\"t\",\"date\":\"26 Feb\",\"people\":4}"}}}`, worded, flowhq.KindText, "Sent\ndate: 26 Feb\npeople: 4"},
	"interactiveResponseMessage?": {`{"interactiveResponseMessage":{"nativeFlowResponseMessage":{"paramsJSON":"{\"id\":\"x\",\"display_text\":\"Book a table\"}"}}}`, worded, flowhq.KindText, "Book a table"},

	"templateMessage":  {`{"templateMessage":{"hydratedTemplate":{"hydratedTitleText":"Offer","hydratedContentText":"Two for one"}}}`, worded, flowhq.KindText, "Offer\nTwo for one"},
	"templateMessage?": {`{"templateMessage":{}}`, wordless, flowhq.KindText, ""},
	"highlyStructuredMessage": {`{"highlyStructuredMessage":{"params":["Asha","5"]}}`, worded,
		flowhq.KindText, "Asha\n5"},
	"highlyStructuredMessage?": {`{"highlyStructuredMessage":{}}`, wordless, flowhq.KindText, ""},
	"buttonsMessage": {`{"buttonsMessage":{"text":"Offer","contentText":"Which one?"}}`,
		worded, flowhq.KindText, "Offer\nWhich one?"},
	"buttonsMessage?": {`{"buttonsMessage":{}}`, wordless, flowhq.KindText, ""},
	"listMessage": {`{"listMessage":{"title":"Menu","description":"Choose"}}`,
		worded, flowhq.KindText, "Menu\nChoose"},
	"listMessage?":         {`{"listMessage":{}}`, wordless, flowhq.KindText, ""},
	"interactiveMessage":   {`{"interactiveMessage":{"body":{"text":"Look"},"carouselMessage":{"cards":[{"body":{"text":"One"}}]}}}`, worded, flowhq.KindText, "Look\nOne"},
	"interactiveMessage?":  {`{"interactiveMessage":{}}`, wordless, flowhq.KindText, ""},
	"richResponseMessage":  {`{"richResponseMessage":{"submessages":[{"messageText":"It is 42."}]}}`, worded, flowhq.KindText, "It is 42."},
	"richResponseMessage?": {`{"richResponseMessage":{}}`, wordless, flowhq.KindText, ""},
	"statusQuestionAnswerMessage": {`{"statusQuestionAnswerMessage":{"text":"the blue one"}}`,
		worded, flowhq.KindText, "the blue one"},
	"statusQuestionAnswerMessage?": {`{"statusQuestionAnswerMessage":{}}`, nothing, "", ""},
	"questionResponseMessage": {`{"questionResponseMessage":{"text":"at ten"}}`, worded,
		flowhq.KindText, "at ten"},
	"questionResponseMessage?": {`{"questionResponseMessage":{}}`, nothing, "", ""},

	"imageMessage": {`{"imageMessage":{"caption":"this one?"}}`, worded, flowhq.KindMedia,
		"this one?"},
	"imageMessage?": {`{"imageMessage":{}}`, wordless, flowhq.KindMedia, ""},
	"videoMessage":  {`{"videoMessage":{"caption":"look"}}`, worded, flowhq.KindMedia, "look"},
	"videoMessage?": {`{"videoMessage":{}}`, wordless, flowhq.KindMedia, ""},
	"ptvMessage":    {`{"ptvMessage":{"caption":"look"}}`, worded, flowhq.KindMedia, "look"},
	"ptvMessage?":   {`{"ptvMessage":{}}`, wordless, flowhq.KindMedia, ""},
	"audioMessage":  {`{"audioMessage":{"PTT":true}}`, wordless, flowhq.KindMedia, ""},
	"documentMessage": {`{"documentMessage":{"caption":"my CV","fileName":"cv.pdf"}}`, worded,
		flowhq.KindMedia, "my CV"},
	"documentMessage?": {`{"documentMessage":{"caption":"cv.pdf","fileName":"cv.pdf"}}`,
		wordless, flowhq.KindMedia, "cv.pdf"},
	"stickerMessage": {`{"stickerMessage":{}}`, wordless, flowhq.KindMedia, ""},
	"stickerPackMessage": {`{"stickerPackMessage":{"caption":"for you","name":"Cats"}}`, worded,
		flowhq.KindMedia, "for you\nCats"},
	"stickerPackMessage?": {`{"stickerPackMessage":{"name":"Cats"}}`, wordless, flowhq.KindMedia, "Cats"},
	"musicMessage": {`{"musicMessage":{"embeddedMusic":{"title":"Malaika"}}}`, wordless,
		flowhq.KindMedia, "Malaika"},

	"locationMessage": {`{"locationMessage":{"degreesLatitude":-6.8,"degreesLongitude":39.28,"name":"Kariakoo","address":"Dar es Salaam","comment":"come here"}}`, worded, flowhq.KindLocation, "come here\nKariakoo\nDar es Salaam\n-6.8, 39.28"},
	"locationMessage?": {`{"locationMessage":{"degreesLatitude":-6.8,"degreesLongitude":39.28}}`,
		wordless, flowhq.KindLocation, "-6.8, 39.28"},
	"liveLocationMessage": {`{"liveLocationMessage":{"degreesLatitude":1,"degreesLongitude":2,"caption":"on my way"}}`, worded, flowhq.KindLocation, "on my way\n1, 2"},
	"liveLocationMessage?": {`{"liveLocationMessage":{"degreesLatitude":1,"degreesLongitude":2}}`,
		wordless, flowhq.KindLocation, "1, 2"},
	"contactMessage":       {`{"contactMessage":{"displayName":"Asha","vcard":"BEGIN:VCARD\nFN:Asha J\nTEL;waid=255700000001:+255 700 000 001\nEND:VCARD"}}`, wordless, flowhq.KindContact, "Asha: +255 700 000 001"},
	"contactsArrayMessage": {`{"contactsArrayMessage":{"displayName":"2 contacts","contacts":[{"displayName":"Asha"},{"vcard":"FN:Juma\r\nitem1.TEL:0700"}]}}`, wordless, flowhq.KindContact, "Asha\nJuma: 0700"},
	"chat": {`{"chat":{"displayName":"Asha","ID":"x"}}`, wordless,
		flowhq.KindContact, "Asha"},

	"orderMessage":    {`{"orderMessage":{"message":"please today","orderTitle":"Duka","itemCount":3,"totalAmount1000":"45500","totalCurrencyCode":"KES"}}`, worded, flowhq.KindOrder, "please today\nOrder from the catalogue: Duka, 3 items, 45.5 KES"},
	"orderMessage?":   {`{"orderMessage":{}}`, worded, flowhq.KindOrder, "Order from the catalogue"},
	"productMessage":  {`{"productMessage":{"body":"do you have it in red?","product":{"title":"Shirt","priceAmount1000":"12000","currencyCode":"TZS"}}}`, worded, flowhq.KindOrder, "do you have it in red?\nShirt, 12 TZS"},
	"productMessage?": {`{"productMessage":{}}`, wordless, flowhq.KindOrder, ""},

	"pollCreationMessage":  {`{"pollCreationMessage":{"name":"Which day?","options":[{"optionName":"Mon"},{"optionName":"Tue"}]}}`, worded, flowhq.KindPoll, "Which day?\n- Mon\n- Tue"},
	"pollCreationMessage?": {`{"pollCreationMessage":{}}`, wordless, flowhq.KindPoll, ""},
	"pollCreationMessageV2": {`{"pollCreationMessageV2":{"name":"Which?"}}`, worded,
		flowhq.KindPoll, "Which?"},
	"pollCreationMessageV2?": {`{"pollCreationMessageV2":{}}`, wordless, flowhq.KindPoll, ""},
	"pollCreationMessageV3": {`{"pollCreationMessageV3":{"name":"Which?"}}`, worded,
		flowhq.KindPoll, "Which?"},
	"pollCreationMessageV3?": {`{"pollCreationMessageV3":{}}`, wordless, flowhq.KindPoll, ""},
	"pollCreationMessageV4":  {`{"pollCreationMessageV4":{"message":{"pollCreationMessage":{"name":"Which?"}}}}`, worded, flowhq.KindPoll, "Which?"},
	"pollCreationMessageV5": {`{"pollCreationMessageV5":{"name":"Which?"}}`, worded,
		flowhq.KindPoll, "Which?"},
	"pollCreationMessageV5?": {`{"pollCreationMessageV5":{}}`, wordless, flowhq.KindPoll, ""},
	"pollCreationMessageV6": {`{"pollCreationMessageV6":{"name":"Which?"}}`, worded,
		flowhq.KindPoll, "Which?"},
	"pollCreationMessageV6?":     {`{"pollCreationMessageV6":{}}`, wordless, flowhq.KindPoll, ""},
	"pollResultSnapshotMessage":  {`{"pollResultSnapshotMessage":{"name":"Which?","pollVotes":[{"optionName":"Mon","optionVoteCount":"2"}]}}`, worded, flowhq.KindPoll, "Which?\n- Mon: 2"},
	"pollResultSnapshotMessage?": {`{"pollResultSnapshotMessage":{}}`, wordless, flowhq.KindPoll, ""},
	"pollResultSnapshotMessageV3": {`{"pollResultSnapshotMessageV3":{"name":"Which?"}}`, worded,
		flowhq.KindPoll, "Which?"},

	"pollResultSnapshotMessageV3?": {`{"pollResultSnapshotMessageV3":{}}`, wordless,
		flowhq.KindPoll, ""},
	"eventMessage":       {`{"eventMessage":{"name":"Party","description":"bring food","location":{"name":"Beach"},"startTime":"1700000000"}}`, worded, flowhq.KindInvite, "Party\nbring food\nBeach\n2023-11-14 22:13 UTC"},
	"eventMessage?":      {`{"eventMessage":{}}`, wordless, flowhq.KindInvite, ""},
	"eventInviteMessage": {`{"eventInviteMessage":{"caption":"will you come?","eventTitle":"Party"}}`, worded, flowhq.KindInvite, "will you come?\nParty"},
	"eventInviteMessage?": {`{"eventInviteMessage":{"eventTitle":"Party"}}`,
		wordless, flowhq.KindInvite, "Party"},
	"groupInviteMessage": {`{"groupInviteMessage":{"caption":"join us","groupName":"Runners"}}`,
		worded, flowhq.KindInvite, "join us\nRunners"},
	"groupInviteMessage?": {`{"groupInviteMessage":{"groupName":"Runners"}}`,
		wordless, flowhq.KindInvite, "Runners"},
	"newsletterAdminInviteMessage":       {`{"newsletterAdminInviteMessage":{"caption":"help me","newsletterName":"News"}}`, worded, flowhq.KindInvite, "help me\nNews"},
	"newsletterAdminInviteMessage?":      {`{"newsletterAdminInviteMessage":{"newsletterName":"News"}}`, wordless, flowhq.KindInvite, "News"},
	"newsletterFollowerInviteMessageV2":  {`{"newsletterFollowerInviteMessageV2":{"caption":"read this","newsletterName":"News"}}`, worded, flowhq.KindInvite, "read this\nNews"},
	"newsletterFollowerInviteMessageV2?": {`{"newsletterFollowerInviteMessageV2":{"newsletterName":"News"}}`, wordless, flowhq.KindInvite, "News"},
	"scheduledCallCreationMessage":       {`{"scheduledCallCreationMessage":{"title":"Fitting","scheduledTimestampMS":"1700000000000"}}`, worded, flowhq.KindInvite, "Fitting\n2023-11-14 22:13 UTC"},
	"scheduledCallCreationMessage?": {`{"scheduledCallCreationMessage":{}}`, wordless,
		flowhq.KindInvite, ""},

	"sendPaymentMessage":     {`{"sendPaymentMessage":{"noteMessage":{"conversation":"for the cut"}}}`, worded, flowhq.KindPayment, "for the cut"},
	"sendPaymentMessage?":    {`{"sendPaymentMessage":{}}`, wordless, flowhq.KindPayment, ""},
	"requestPaymentMessage":  {`{"requestPaymentMessage":{"noteMessage":{"extendedTextMessage":{"text":"refund"}},"amount1000":"5000","currencyCodeIso4217":"KES"}}`, worded, flowhq.KindPayment, "refund\n5 KES"},
	"requestPaymentMessage?": {`{"requestPaymentMessage":{"amount":{"value":"500","offset":100,"currencyCode":"KES"}}}`, wordless, flowhq.KindPayment, "5 KES"},
	"invoiceMessage":         {`{"invoiceMessage":{"note":"paid"}}`, worded, flowhq.KindPayment, "paid"},
	"invoiceMessage?":        {`{"invoiceMessage":{}}`, wordless, flowhq.KindPayment, ""},
	"splitPaymentMessage":    {`{"splitPaymentMessage":{"description":"dinner","totalAmount":{"value":"900","offset":100,"currencyCode":"KES"}}}`, worded, flowhq.KindPayment, "dinner\n9 KES"},
	"splitPaymentMessage?":   {`{"splitPaymentMessage":{}}`, wordless, flowhq.KindPayment, ""},
	"paymentInviteMessage":   {`{"paymentInviteMessage":{}}`, wordless, flowhq.KindPayment, ""},
	"paymentReminderMessage": {`{"paymentReminderMessage":{"description":"rent"}}`, worded,
		flowhq.KindPayment, "rent"},
	"paymentReminderMessage?": {`{"paymentReminderMessage":{}}`, wordless, flowhq.KindPayment, ""},

	"callLogMesssage": {`{"callLogMesssage":{"isVideo":true,"callOutcome":"MISSED"}}`,
		shown, flowhq.KindCall, "Video call, missed"},
	"bcallMessage":             {`{"bcallMessage":{"caption":"news"}}`, shown, flowhq.KindCall, "Call\nnews"},
	"placeholderMessage":       {`{"placeholderMessage":{}}`, shown, flowhq.KindOther, ""},
	"conditionalRevealMessage": {`{"conditionalRevealMessage":{}}`, shown, flowhq.KindOther, ""},
}

// wrappers hold a message under "message".
var wrappers = []string{
	"deviceSentMessage", "ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2",
	"viewOnceMessageV2Extension",
	"documentWithCaptionMessage", "editedMessage", "groupMentionedMessage", "botInvokeMessage",
	"botTaskMessage",
	"botForwardedMessage", "lottieStickerMessage", "audioStickerMessage", "associatedChildMessage",
	"questionMessage",
	"questionReplyMessage", "spoilerMessage", "limitSharingMessage", "acp2SettingMessage",
}

// silent say nothing of a person's.
var silent = []string{
	"protocolMessage", "secretEncryptedMessage", "albumMessage", "reactionMessage",
	"encReactionMessage", "pollUpdateMessage",
	"pollAddOptionMessage", "encEventResponseMessage", "commentMessage", "encCommentMessage",
	"keepInChatMessage",
	"pinInChatMessage", "scheduledCallEditMessage", "declinePaymentRequestMessage",
	"cancelPaymentRequestMessage",
	"splitPaymentUpdateMessage", "eventCoverImage", "pollCreationOptionImageMessage",
	"senderKeyDistributionMessage",
	"fastRatchetKeySenderKeyDistributionMessage", "messageContextInfo", "call", "stickerSyncRmrMessage",
	"requestPhoneNumberMessage", "messageHistoryBundle", "messageHistoryNotice", "groupRootKeyShare",
	"rootSecretDistributeMessage", "botPlatformRegistrationSuccessMessage", "statusMentionMessage",
	"groupStatusMentionMessage", "statusAddYours", "groupStatusMessage", "groupStatusMessageV2",
	"statusNotificationMessage", "statusQuotedMessage", "statusStickerInteractionMessage",
	"statusLinkPreviewMetadata",
	"newsletterAdminProfileMessage", "newsletterAdminProfileStatusMessage", "newsletterScheduledMessage",
}

// Every field that the library's message has is known, and has its example here.
func TestEveryFieldIsNamed(t *testing.T) {
	all := (&waE2E.Message{}).ProtoReflect().Descriptor().Fields()
	var library []string
	for i := range all.Len() {
		library = append(library, string(all.Get(i).Name()))
	}
	tried := slices.Concat(wrappers, silent)
	for name := range ofFields {
		if !strings.HasSuffix(name, "?") {
			tried = append(tried, name)
		}
	}
	slices.Sort(tried)
	for _, name := range library {
		if _, ok := fields[protoreflect.Name(name)]; !ok {
			t.Errorf("the table does not say what %s is", name)
		}
		if _, found := slices.BinarySearch(tried, name); !found {
			t.Errorf("no test has a message with %s", name)
		}
	}
	for name := range fields {
		if !slices.Contains(library, string(name)) {
			t.Errorf("the table has %s, which the library does not know", name)
		}
	}
	if len(tried) != len(library) {
		t.Errorf("%d fields are tried, the library has %d", len(tried), len(library))
	}
}

func want(t *testing.T, m *waE2E.Message, want said) {
	t.Helper()
	got := contentOf(m)
	if got.class != want.class || got.kind != want.kind || got.text != want.text {
		t.Errorf("contentOf(%v) = class %d, %s, %q; want class %d, %s, %q",
			m, got.class, got.kind, got.text, want.class, want.kind, want.text)
	}
}

func TestContent(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(ofFields)) {
		t.Run(name, func(t *testing.T) {
			tt := ofFields[name]
			want(t, decoded(t, tt.json), tt)
			// What accompanies a message changes nothing, nor does what is silent.
			m := decoded(t, tt.json)
			m.MessageContextInfo = &waE2E.MessageContextInfo{MessageSecret: make([]byte, 32)}
			m.SenderKeyDistributionMessage = &waE2E.SenderKeyDistributionMessage{}
			m.KeepInChatMessage = &waE2E.KeepInChatMessage{}
			want(t, m, tt)
			for _, wrapper := range wrappers {
				once := `{"` + wrapper + `":{"message":` + tt.json + `}}`
				want(t, decoded(t, once), tt)
				want(t, decoded(t, `{"ephemeralMessage":{"message":`+once+`}}`), tt)
			}
		})
	}
}

func TestSilentContent(t *testing.T) {
	for _, name := range silent {
		for _, inside := range []string{"{}", `{"` + name + `":{}}`,
			`{"ephemeralMessage":{"message":{"` + name + `":{}}}}`} {
			want(t, decoded(t, inside), said{})
		}
	}
	for _, wrapper := range wrappers {
		want(t, decoded(t, `{"`+wrapper+`":{}}`), said{})
	}
	// What statuses and covers hold is not said to us either.
	for _, name := range []string{"statusMentionMessage", "groupStatusMessageV2", "eventCoverImage",
		"pollCreationOptionImageMessage"} {
		want(t, decoded(t, `{"`+name+`":{"message":{"conversation":"hi"}}}`), said{})
	}
	want(t, nil, said{})
}

// Of several contents the words count.
func TestSeveralContents(t *testing.T) {
	m := decoded(t, `{"audioMessage":{},"conversation":"hi","callLogMesssage":{}}`)
	want(t, m, said{class: worded, kind: flowhq.KindText, text: "hi"})
}

func TestAlbum(t *testing.T) {
	child := func(of waE2E.MessageAssociation_AssociationType) *waE2E.Message {
		return &waE2E.Message{
			ImageMessage: &waE2E.ImageMessage{},
			MessageContextInfo: &waE2E.MessageContextInfo{MessageAssociation: &waE2E.MessageAssociation{
				AssociationType:  of.Enum(),
				ParentMessageKey: &waCommon.MessageKey{ID: proto.String("ALBUM1")},
			}},
		}
	}
	picture := child(waE2E.MessageAssociation_MEDIA_ALBUM)
	for _, m := range []*waE2E.Message{picture,
		{AssociatedChildMessage: &waE2E.FutureProofMessage{Message: picture}}} {
		if got := contentOf(m); got.album != "ALBUM1" || got.class != wordless {
			t.Errorf("a picture of an album is %+v", got)
		}
	}
	// The same picture once more, in high resolution.
	want(t, child(waE2E.MessageAssociation_HD_IMAGE_DUAL_UPLOAD), said{})
}

// Neither a message wrapped without end nor one of a kind to come is lost from
// sight, and neither is answered.
func TestUnreadableContent(t *testing.T) {
	deep := &waE2E.Message{Conversation: proto.String("hi")}
	for range 1000 {
		deep = &waE2E.Message{EphemeralMessage: &waE2E.FutureProofMessage{Message: deep}}
	}
	want(t, deep, said{class: shown, kind: flowhq.KindOther})
	unknown := &waE2E.Message{MessageContextInfo: &waE2E.MessageContextInfo{}}
	unknown.ProtoReflect().SetUnknown([]byte{0xc2, 0x3e, 0x00}) // field 1000
	want(t, unknown, said{class: shown, kind: flowhq.KindOther})
}

// FuzzContent: whatever a customer's client sends can be read and stored.
func FuzzContent(f *testing.F) {
	for _, tt := range ofFields {
		raw, err := proto.Marshal(decoded(f, tt.json))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := &waE2E.Message{}
		if proto.Unmarshal(raw, m) != nil {
			return
		}
		got := contentOf(m)
		if got.class == wrapper || (got.kind == "") != (got.class == nothing) {
			t.Errorf("class %d has kind %q", got.class, got.kind)
		}
		if got.class == worded && got.text == "" || got.class == nothing && got.text != "" {
			t.Errorf("class %d has text %q", got.class, got.text)
		}
		if !utf8.ValidString(got.text) || strings.ContainsRune(got.text, 0) ||
			len(got.text) > flowhq.MaxTextBytes {
			t.Errorf("text %q cannot be stored", got.text)
		}
	})
}

// decodedRaw is a message as it came, or nil if that is none.
func decodedRaw(raw []byte) *waE2E.Message {
	m := &waE2E.Message{}
	if proto.Unmarshal(raw, m) != nil {
		return nil
	}
	return m
}
