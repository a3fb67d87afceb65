package whatsapp

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/flowhq/flowhq"
)

// A class says what a field of a message holds. Of several fields that are set, the one
// with the highest class is what the message says.
type class int

const (
	// nothing is not a person's: it belongs to the client, to a group or to another
	// message. It is neither recorded nor answered.
	nothing class = iota
	// shown is recorded, for whoever reads the log, and not answered.
	shown
	// wordless is from a person, without words: a voice note, a place.
	wordless
	// worded is words that a person wrote or chose.
	worded
	// wrapper holds another message.
	wrapper
)

// A field says what one field of a message holds.
type field struct {
	class class // without words: what the field is if it holds none
	kind  flowhq.Kind
	words func(*waE2E.Message) string // what the person wrote or chose; nil = never anything
	about func(*waE2E.Message) string // what else there is to read, put after the words; may be nil
}

// fields says of every field of the library's message what it holds. A test fails when the
// library has one that is not named here, so that each new kind of message is decided on
// when the library is upgraded.
var fields = map[protoreflect.Name]field{
	// Words by themselves.
	"conversation":        {kind: flowhq.KindText, words: (*waE2E.Message).GetConversation},
	"extendedTextMessage": {kind: flowhq.KindText, words: typedText},

	// Choices among what somebody offered.
	"buttonsResponseMessage":     {class: wordless, kind: flowhq.KindText, words: pressedButton},
	"templateButtonReplyMessage": {class: wordless, kind: flowhq.KindText, words: pressedTemplate},
	"listResponseMessage":        {class: wordless, kind: flowhq.KindText, words: chosenRow},
	"interactiveResponseMessage": {class: wordless, kind: flowhq.KindText, words: flowResponse},

	// What businesses write, or a customer forwards.
	"templateMessage":         {class: wordless, kind: flowhq.KindText, words: templateText},
	"highlyStructuredMessage": {class: wordless, kind: flowhq.KindText, words: structuredText},
	"buttonsMessage":          {class: wordless, kind: flowhq.KindText, words: buttonsText},
	"listMessage":             {class: wordless, kind: flowhq.KindText, words: listText},
	"interactiveMessage":      {class: wordless, kind: flowhq.KindText, words: interactiveText},
	"richResponseMessage":     {class: wordless, kind: flowhq.KindText, words: assistantText},

	// Answers to a question that the business asked in its status or channel.
	"statusQuestionAnswerMessage": {kind: flowhq.KindText, words: statusAnswer},
	"questionResponseMessage":     {kind: flowhq.KindText, words: questionAnswer},

	// Media.
	"imageMessage": {class: wordless, kind: flowhq.KindMedia, words: imageCaption},
	"videoMessage": {class: wordless, kind: flowhq.KindMedia, words: videoCaption},
	"ptvMessage":   {class: wordless, kind: flowhq.KindMedia, words: roundVideoCaption},
	"audioMessage": {class: wordless, kind: flowhq.KindMedia},
	"documentMessage": {
		class: wordless, kind: flowhq.KindMedia, words: documentCaption, about: documentName,
	},
	"stickerMessage": {class: wordless, kind: flowhq.KindMedia},
	"stickerPackMessage": {
		class: wordless, kind: flowhq.KindMedia, words: packCaption, about: packName,
	},
	"musicMessage": {class: wordless, kind: flowhq.KindMedia, about: songTitle},

	// Places, people.
	"locationMessage": {
		class: wordless, kind: flowhq.KindLocation, words: placeComment, about: place,
	},
	"liveLocationMessage": {
		class: wordless, kind: flowhq.KindLocation, words: liveCaption, about: livePlace,
	},
	"contactMessage":       {class: wordless, kind: flowhq.KindContact, about: contactCard},
	"contactsArrayMessage": {class: wordless, kind: flowhq.KindContact, about: contactCards},
	"chat":                 {class: wordless, kind: flowhq.KindContact, about: chatName},

	// The catalogue.
	"orderMessage":   {class: wordless, kind: flowhq.KindOrder, words: orderText},
	"productMessage": {class: wordless, kind: flowhq.KindOrder, words: productText},

	// Questions to choose an answer to.
	"pollCreationMessage":         {class: wordless, kind: flowhq.KindPoll, words: pollText},
	"pollCreationMessageV2":       {class: wordless, kind: flowhq.KindPoll, words: pollText},
	"pollCreationMessageV3":       {class: wordless, kind: flowhq.KindPoll, words: pollText},
	"pollCreationMessageV4":       {class: wrapper},
	"pollCreationMessageV5":       {class: wordless, kind: flowhq.KindPoll, words: pollText},
	"pollCreationMessageV6":       {class: wordless, kind: flowhq.KindPoll, words: pollText},
	"pollResultSnapshotMessage":   {class: wordless, kind: flowhq.KindPoll, words: pollResult},
	"pollResultSnapshotMessageV3": {class: wordless, kind: flowhq.KindPoll, words: pollResult},

	// Invitations.
	"eventMessage": {
		class: wordless, kind: flowhq.KindInvite, words: eventText,
	},
	"eventInviteMessage": {
		class: wordless, kind: flowhq.KindInvite,
		words: eventInviteCaption, about: eventInviteTitle,
	},
	"groupInviteMessage": {
		class: wordless, kind: flowhq.KindInvite, words: groupInviteCaption, about: groupInviteName,
	},
	"newsletterAdminInviteMessage": {
		class: wordless, kind: flowhq.KindInvite, words: adminInviteCaption, about: adminInviteName,
	},
	"newsletterFollowerInviteMessageV2": {
		class: wordless, kind: flowhq.KindInvite,
		words: followerInviteCaption, about: followerInviteName,
	},
	"scheduledCallCreationMessage": {
		class: wordless, kind: flowhq.KindInvite,
		words: scheduledCallTitle, about: scheduledCallTime,
	},

	// Money.
	"sendPaymentMessage": {class: wordless, kind: flowhq.KindPayment, words: paymentNote},
	"requestPaymentMessage": {
		class: wordless, kind: flowhq.KindPayment, words: requestNote, about: requestAmount,
	},
	"invoiceMessage": {class: wordless, kind: flowhq.KindPayment, words: invoiceNote},
	"splitPaymentMessage": {
		class: wordless, kind: flowhq.KindPayment, words: splitNote, about: splitAmount,
	},
	"paymentInviteMessage": {class: wordless, kind: flowhq.KindPayment},
	"paymentReminderMessage": {
		class: wordless, kind: flowhq.KindPayment, words: reminderNote, about: reminderAmount,
	},

	// Calls and what cannot be read: seen in the log, not answered. A customer who calls
	// wants a person.
	"callLogMesssage":          {class: shown, kind: flowhq.KindCall, about: callLog},
	"bcallMessage":             {class: shown, kind: flowhq.KindCall, about: broadcastCall},
	"placeholderMessage":       {class: shown, kind: flowhq.KindOther}, // only the phone may see it
	"conditionalRevealMessage": {class: shown, kind: flowhq.KindOther}, // encrypted until its time

	// Wrappers. What is inside is what a person wrote, and is answered as if it had come
	// by itself.
	"deviceSentMessage":          {class: wrapper},
	"ephemeralMessage":           {class: wrapper},
	"viewOnceMessage":            {class: wrapper},
	"viewOnceMessageV2":          {class: wrapper},
	"viewOnceMessageV2Extension": {class: wrapper},
	"documentWithCaptionMessage": {class: wrapper},
	"editedMessage":              {class: wrapper},
	"groupMentionedMessage":      {class: wrapper},
	"botInvokeMessage":           {class: wrapper},
	"botTaskMessage":             {class: wrapper},
	"botForwardedMessage":        {class: wrapper},
	"lottieStickerMessage":       {class: wrapper},
	"audioStickerMessage":        {class: wrapper},
	"associatedChildMessage":     {class: wrapper},
	"questionMessage":            {class: wrapper},
	"questionReplyMessage":       {class: wrapper},
	"spoilerMessage":             {class: wrapper},
	"limitSharingMessage":        {class: wrapper}, // of a setting
	"acp2SettingMessage":         {class: wrapper}, // likewise

	// About another message. What a person changes or deletes is found by revisionOf.
	"protocolMessage":                {}, // deletions, edits, settings, keys
	"secretEncryptedMessage":         {}, // an edit, encrypted once more: see revisionOf
	"albumMessage":                   {}, // announces pictures, which come by themselves
	"reactionMessage":                {},
	"encReactionMessage":             {},
	"pollUpdateMessage":              {}, // a vote
	"pollAddOptionMessage":           {},
	"encEventResponseMessage":        {},
	"commentMessage":                 {},
	"encCommentMessage":              {},
	"keepInChatMessage":              {},
	"pinInChatMessage":               {},
	"scheduledCallEditMessage":       {},
	"declinePaymentRequestMessage":   {},
	"cancelPaymentRequestMessage":    {},
	"splitPaymentUpdateMessage":      {},
	"eventCoverImage":                {}, // goes with an event
	"pollCreationOptionImageMessage": {}, // goes with a poll

	// Between clients.
	"senderKeyDistributionMessage":               {},
	"fastRatchetKeySenderKeyDistributionMessage": {},
	"messageContextInfo":                         {},
	"call":                                       {}, // the key of a call
	"stickerSyncRmrMessage":                      {},
	"requestPhoneNumberMessage":                  {},
	"messageHistoryBundle":                       {},
	"messageHistoryNotice":                       {},
	"groupRootKeyShare":                          {},
	"rootSecretDistributeMessage":                {},
	"botPlatformRegistrationSuccessMessage":      {},

	// Of statuses and channels, which are not answered.
	"statusMentionMessage":                {},
	"groupStatusMentionMessage":           {},
	"statusAddYours":                      {},
	"groupStatusMessage":                  {},
	"groupStatusMessageV2":                {},
	"statusNotificationMessage":           {},
	"statusQuotedMessage":                 {},
	"statusStickerInteractionMessage":     {},
	"statusLinkPreviewMetadata":           {},
	"newsletterAdminProfileMessage":       {},
	"newsletterAdminProfileStatusMessage": {},
	"newsletterScheduledMessage":          {},
}
