package pricelist

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// Write returns a list of a profile as a CSV file, which Read reads back. It begins with the mark
// by which Excel knows UTF-8. What Read makes of it is the same list: an export that is imported
// again changes nothing.
func Write(p flowhq.Profile, list List) []byte {
	var b bytes.Buffer
	// Without the mark Excel reads the file in the encoding of its country, and spoils letters.
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	// RFC 4180 ends lines so.
	w.UseCRLF = true
	// All columns are written, also empty ones: the file is the form that the owner fills in.
	line := make([]string, 0, len(columnsOf[list]))
	for _, c := range columnsOf[list] {
		line = append(line, string(c))
	}
	_ = w.Write(line) // a buffer takes everything, here and below
	write := func(cells map[column]string) {
		line = line[:0]
		for _, c := range columnsOf[list] {
			// Every cell is guarded, also numbers: none of ours begins with a sign.
			line = append(line, guarded(cells[c]))
		}
		_ = w.Write(line)
	}
	if list == Services {
		for _, s := range p.Services {
			write(serviceCells(s))
		}
	} else {
		for _, q := range p.Products {
			write(productCells(q))
		}
	}
	w.Flush()
	return b.Bytes()
}

// serviceCells are the cells of a service.
func serviceCells(s flowhq.Service) map[column]string {
	return map[column]string{
		colID: s.ID, colNameEN: s.Name.EN, colNameSW: s.Name.SW,
		colPrice: optional(s.Price), colPriceTo: optional(s.PriceTo),
		colMinutes:       optional(int64(s.Minutes)),
		colDescriptionEN: s.Description.EN, colDescriptionSW: s.Description.SW,
		colAvailability: yesNo(!s.Unavailable), colAliases: strings.Join(s.Aliases, "; "),
	}
}

// productCells are the cells of a product.
func productCells(p flowhq.Product) map[column]string {
	// An uncounted stock is an empty cell, which reads back as uncounted.
	stock := ""
	if p.Stock != nil {
		stock = strconv.Itoa(*p.Stock)
	}
	return map[column]string{
		colID: p.ID, colNameEN: p.Name.EN, colNameSW: p.Name.SW, colPrice: optional(p.Price),
		colDescriptionEN: p.Description.EN, colDescriptionSW: p.Description.SW,
		colCategoryEN: p.Category.EN, colCategorySW: p.Category.SW,
		colAvailability: yesNo(!p.Unavailable), colStock: stock,
		colSizes: strings.Join(p.Sizes, "; "), colAliases: strings.Join(p.Aliases, "; "),
	}
}

// optional is a number as a cell, empty for 0, which means not given. An empty cell reads back as
// 0, so nothing is lost.
func optional(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// These are the first words of availableWords and unavailableWords, so Read takes them back.
func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
