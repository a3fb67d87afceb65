package reply

import (
	"regexp"
	"strings"

	"github.com/flowhq/flowhq"
)

// An address that is corrected names the old place too: "address ni Roysambu stage tu sio Zimmerman". It was
// held whole, with the words of the correction, or the old one stayed. So it is written anew as who tells an
// address says it plainly, and takes the place of what is held.

var (
	// notThisPlace stands in front of a place that is not meant, and butThisPlace of the one that is.
	notThisPlace = regexp.MustCompile(`(?i)(?:^|[\s,]+)(?:tu |only |na |and )?(?:` + alternatives("not this but") + `|from|kutoka)\s+(?:the |ya |kule |pale )?`)
	butThisPlace = regexp.MustCompile(`(?i)^[\s,.]*(?:` + alternatives("but there") + `)\s+`)
	// placeLead stands in front of a place and is none of it.
	placeLead = regexp.MustCompile(`(?i)^[\s,]*(?:(?:` + alternatives("place lead") + `)[\s,:]+)+`)
	// addressHead is what an address is called at the end of what stands in front of a correction.
	addressHead = regexp.MustCompile(`(?i)[\s,]*\b(?:(?:na|and|change|badilisha|badili|the|my)\s+){0,3}(?:address|anwani|location|mahali)(?:\s+(?:yangu|ni|is|iwe))*$`)
)

// correctedAddress is a text whose correction of an address is written as a plain one, and whether
// it has one.
func (t *turn) correctedAddress(text string) (plain string, corrects bool) {
	held := t.heldPlace()
	if held == "" || len(text) > maxRead || strings.Contains(text, "?") && len(split(text)) < minMeaning {
		return text, false
	}
	for _, at := range notThisPlace.FindAllStringIndex(text, maxEdits) {
		end := at[1] + t.placeEnd(text[at[1]:], held)
		// The number of a house is corrected by itself.
		if countDigits(text[at[1]:end]) == len(strings.TrimSpace(text[at[1]:end])) {
			continue
		}
		from, to := sentenceAround(text, at[0], end)
		before, meant, behind := text[:from], "", text[to:]
		if but := butThisPlace.FindStringIndex(text[end:to]); but != nil {
			meant = text[end+but[1] : to]
			before = addressHead.ReplaceAllString(text[:at[0]], "")
		} else {
			// In front of it, up to another matter.
			meant, behind = text[from:at[0]], text[end:]
			if comma := strings.LastIndex(meant, ","); comma >= 0 {
				before, meant = text[:from+comma], meant[comma+1:]
			}
			if head := saysWhere.FindStringIndex(meant); head != nil {
				before, meant = before+meant[:head[0]], meant[head[0]:]
			}
		}
		meant = strings.TrimSpace(placeLead.ReplaceAllString(meant, ""))
		words := split(meant)
		if len(words) == 0 || len(words) > maxPlaceWords+minAddress || len(t.named(t.k.products, meant)) > 0 ||
			len(t.named(t.k.areas, meant)) == 0 && !anyIn(words, landmarkWords) && !saysAddress.MatchString(text) &&
				(isNoName(words) || len(words) > minAddress || strings.TrimSpace(before+behind) != "") {
			continue
		}
		plain = "the address is " + meant
		if swahiliBut.MatchString(text[at[0]:at[1]]) {
			plain = "anwani ni " + meant
		}
		before = strings.TrimRight(before, " ,")
		if before != "" && !strings.ContainsAny(before[len(before)-1:], ".;!?\n") {
			before += "."
		}
		return strings.TrimSpace(before + " " + plain + behind), true
	}
	return text, false
}

// saysWhere begins what is said of a place, behind another matter.
var saysWhere = regexp.MustCompile(`(?i)\b(?:(?:na|and|the|my)\s+){0,2}(?:address|anwani|location|mahali)\b|\b(?:nipo|niko|am at|i'm at|im at)\b`)

// heldPlace is where the order in the making goes, else the one that was placed a moment ago; "" if nobody
// has said.
func (t *turn) heldPlace() string {
	if t.k.template() != flowhq.EcommerceTemplate {
		return ""
	}
	if o := t.next.Order; o != nil {
		return strings.TrimSpace(o.Address + " " + o.Area)
	}
	f, ok := t.placedOrder()
	if !ok {
		return ""
	}
	return strings.TrimSpace(f.Delivery.Address + " " + f.Delivery.Area)
}

// placeEnd is where a place ends that begins a text: an area of the list, or words of what is held. It is 0
// if the text begins with none.
func (t *turn) placeEnd(text, held string) (end int) {
	head := text[:len(text)-len(strings.TrimLeft(text, " "))]
	for _, m := range t.named(t.k.areas, text) {
		if m.Start == len(head) {
			end = m.End
		}
	}
	known := split(held)
	for _, at := range wordAt.FindAllStringIndex(text, maxPlaceWords) {
		w := split(text[at[0]:at[1]])
		if len(w) != 1 || at[0] > end+1 || !containsRun(known, w) {
			if at[1] <= end {
				continue
			}
			break
		}
		end = max(end, at[0]+len(strings.TrimRight(text[at[0]:at[1]], ",.;!?")))
	}
	return end
}

// sentenceAround is where the sentence of a span begins and ends.
func sentenceAround(text string, from, to int) (start, end int) {
	end = len(text)
	for _, at := range correctionEnd.FindAllStringIndex(text, maxEdits) {
		if at[1] <= from {
			start = at[1]
		} else if at[0] >= to {
			end = min(end, at[0])
		}
	}
	return start, end
}
