package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// A payment service tells its customer of each payment in a message, which customers paste into the
// chat: "SCK4XYZ12 Confirmed. Ksh700.00 paid to …". It says that money was sent, and no more.
var (
	// receiptCode is the number of a payment: capitals and digits, at least one of each, which the
	// two tries of the pattern see to.
	receiptCode = regexp.MustCompile(`\b(?:[A-Z]+\d[A-Z0-9]{4,12}|\d+[A-Z][A-Z0-9]{4,12})\b`)
	receiptWord = regexp.MustCompile(`(?i)\b(?:confirmed|imethibitishwa|umethibitishwa|paid to|` +
		`sent to|umelipa|umetuma|imelipwa|you have (?:paid|sent|transferred)|kumbukumbu|muamala|` +
		`transaction (?:id|no|code)|trans\.? ?id|txn|tid|new (?:m-pesa )?balance|salio jipya|` +
		`salio lako)\b`)
	// A sum is written by a program: "Ksh700.00", "TSh 12,000.00", "Tsh12000".
	receiptSum = regexp.MustCompile(`(?i)\b(?:kshs?|tshs?|kes|tzs|ugx|usd)\.? ?\d`)
)

// findReceipt notes whether the message is one of a payment service. Two of its three marks are not
// enough: "umetuma oda A123456?" has two.
func (p *perception) findReceipt() {
	p.isReceipt = receiptCode.MatchString(p.text) && receiptWord.MatchString(p.text) &&
		receiptSum.MatchString(p.text)
}

// paymentCode is the number of a payment of M-Pesa: ten capitals and digits, of both kinds.
var paymentCode = regexp.MustCompile(`\b[A-Z]{2,3}[A-Z0-9]{7,8}\b`)

// sendsCode reports whether the message tells the number of a payment for an order of this talk:
// "QWE4R5T6YU confirmed, 5750 sent". It is no number of ours.
func (t *turn) sendsCode(p *perception) bool {
	code := paymentCode.FindString(p.text)
	return t.k.template() == flowhq.EcommerceTemplate && strings.ContainsAny(code, "0123456789") &&
		!p.asks && len(p.reading.Words) <= maxNaming+2 && (t.placedRecently() ||
		t.next.Order != nil && len(t.next.Order.Lines) > 0)
}

// broughtWords say that the customer has the goods already.
var broughtWords = keywords(`
	*oniletea, *meniletea, mliniletea, uliniletea, niliyonunua, nilizonunua, nililonunua,
	nilionunua,
	nimenunua, nilinunua, niliyochukua, nilizochukua, nilichukua, nilipokea, nimepokea, mlinipa,
	mmenipa, *mlizoni*, mliyonitumia, mlionitumia, mlizonitumia, mlizoniuzia, mliyoniuzia,
	you sold me, i got from you, bought from you, got from your, you brought, you delivered,
	you sent me, i received, i bought, was delivered,
	were delivered, guy brought, rider brought, brought today, brought yesterday, brought me,
	brought us, mlileta, mlizoleta, mliyoleta, mlioleta, mmeleta, alileta, aliyoleta, alizoleta,
	ameleta, alioleta, nimeletewa, niliyoletewa, nilizoletewa, nilileta, mlituletea, mmetuletea
`)

// reportedGoods reports whether the customer has told of bad goods a moment ago. What is said next
// is likely to be of these.
func (t *turn) reportedGoods() bool {
	return t.k.template() == flowhq.EcommerceTemplate && t.next.Ticket != nil &&
		t.next.Ticket.Number != ""
}

// tellsSpoilt reports whether the message says that goods the customer has are bad. A wish for
// goods that are not, or the question whether they are, says nothing of the kind.
func (p *perception) tellsSpoilt(all acts) bool {
	if !p.cued(cueSpoilt) || all.has(actAnger, actPerson) {
		return false
	}
	brought := p.cued(cuePast) || anyIn(p.reading.Words, broughtWords)
	return brought || !p.asks && !all.has(actOrder) && !slices.Contains(p.cues, cueDeliver)
}
