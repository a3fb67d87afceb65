// Package when reads days and times as people write them in Swahili, English and a mixture of
// both, and writes them so that both clocks are understood.
//
// Swahili counts the hours from sunrise: saa tatu asubuhi, "hour three of the morning", is 9:00.
// "Saa tatu" alone is therefore 9:00 or 21:00, and "tomorrow at 10" is 10:00 or 22:00. The
// business's opening hours decide between the two, and the [Certainty] of a [Result] says that
// they had to. A number alone is never a time: it may be a quantity, a price or a phone number.
//
// Everything here is pure: the same text, time and hours give the same result.
package when
