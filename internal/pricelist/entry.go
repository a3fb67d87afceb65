package pricelist

import (
	"reflect"
	"strings"

	"github.com/flowhq/flowhq"
)

// A cellReader reads the cells of a row into the fields of an entry, and notes which fields that
// changes. Cells of columns that the file does not have change nothing.
type cellReader struct {
	row row
	// The faults are those of all rows of the file.
	faults *faults
	// The names are those of the columns, for the report.
	changed []string
}

// text reads a text.
func (c *cellReader) text(col column, field *string) {
	if cell, ok := c.row.cells[col]; ok {
		// Excel ends a line within a cell by CRLF. Else each export and import would be a change.
		set(c, col, field, strings.ReplaceAll(cell, "\r\n", "\n"))
	}
}

// id reads the id of a new entry. An entry keeps the one it has. Orders and bookings refer to an
// entry by its id, so a file never changes one.
func (c *cellReader) id(field *string) {
	if *field == "" {
		*field = c.row.cells[colID]
	}
}

// set stores a value and notes whether it is another one.
func set[V any](c *cellReader, col column, field *V, v V) {
	// Values are compared by what they say: the stock and the aliases are behind pointers and
	// slices.
	if !reflect.DeepEqual(*field, v) {
		*field = v
		c.changed = append(c.changed, string(col))
	}
}

// words reads a list of words.
func (c *cellReader) words(col column, field *[]string) {
	if cell, ok := c.row.cells[col]; ok {
		// An entry without words has nil in old profiles and [] in new ones. That is no change.
		if *field == nil {
			*field = []string{}
		}
		set(c, col, field, readWords(cell))
	}
}

// price reads a price, or a range of prices if to is not nil.
func (c *cellReader) price(price, to *int64) {
	cell, ok := c.row.cells[colPrice]
	if !ok {
		return
	}
	from, until, ok := readPrice(cell)
	switch {
	case !ok:
		c.faults.add(c.row.line, colPrice, "must be a price in whole shillings, such as 10000 or 10,000, "+
			"or empty if it is not given; it is %q", cut(cell))
	// Products have one price. With the upper end dropped, the bot would promise the lower one.
	case until != 0 && to == nil:
		c.faults.add(c.row.line, colPrice, "must be one price; it is %q", cut(cell))
	default:
		set(c, colPrice, price, from)
		// The column price_to says the upper end itself. Without that column the range in price
		// does, and a single price ends an older range.
		if _, own := c.row.cells[colPriceTo]; to != nil && !own {
			set(c, colPriceTo, to, until)
		}
	}
}

// count reads a whole number, as fallback if the cell is empty. An empty cell is told apart from 0:
// no stock given is not the same as sold out.
func (c *cellReader) count(col column, store func(n int, empty bool)) {
	cell, ok := c.row.cells[col]
	if !ok {
		return
	}
	n, ok := readCount(cell)
	if !ok && cell != "" {
		c.faults.add(c.row.line, col, "must be a whole number, or empty; it is %q", cut(cell))
		return
	}
	store(n, cell == "")
}

// availability reads whether there is any.
func (c *cellReader) availability(unavailable *bool) {
	cell, ok := c.row.cells[colAvailability]
	if !ok {
		return
	}
	available, ok := readAvailability(cell)
	if !ok {
		c.faults.add(c.row.line, colAvailability,
			"must be yes or no, ndiyo or hapana, or empty for yes; it is %q", cut(cell))
		return
	}
	set(c, colAvailability, unavailable, !available)
}

// readService returns a service as a row changes it, and the columns that do.
func readService(s flowhq.Service, r row, f *faults) (flowhq.Service, []string) {
	c := cellReader{r, f, []string{}}
	c.id(&s.ID)
	c.text(colNameEN, &s.Name.EN)
	c.text(colNameSW, &s.Name.SW)
	c.price(&s.Price, &s.PriceTo)
	// price comes first: price_to overrides the end of a range in price.
	c.priceTo(&s.PriceTo)
	// The profile's minutes are 0 where they are not given, as in the empty cell.
	c.count(colMinutes, func(n int, _ bool) { set(&c, colMinutes, &s.Minutes, n) })
	c.text(colDescriptionEN, &s.Description.EN)
	c.text(colDescriptionSW, &s.Description.SW)
	c.availability(&s.Unavailable)
	c.words(colAliases, &s.Aliases)
	return s, c.changed
}

// priceTo reads the upper end of a range of prices.
func (c *cellReader) priceTo(to *int64) {
	cell, ok := c.row.cells[colPriceTo]
	if !ok {
		return
	}
	n, second, ok := readPrice(cell)
	if !ok || second != 0 {
		c.faults.add(c.row.line, colPriceTo, "must be a price in whole shillings, such as 15000, "+
			"or empty if price is no range; it is %q", cut(cell))
		return
	}
	set(c, colPriceTo, to, n)
}

// readProduct returns a product as a row changes it, and the columns that do.
func readProduct(p flowhq.Product, r row, f *faults) (flowhq.Product, []string) {
	c := cellReader{r, f, []string{}}
	c.id(&p.ID)
	c.text(colNameEN, &p.Name.EN)
	c.text(colNameSW, &p.Name.SW)
	c.price(&p.Price, nil)
	c.text(colDescriptionEN, &p.Description.EN)
	c.text(colDescriptionSW, &p.Description.SW)
	c.text(colCategoryEN, &p.Category.EN)
	c.text(colCategorySW, &p.Category.SW)
	c.availability(&p.Unavailable)
	c.count(colStock, func(n int, empty bool) {
		// nil means that the owner does not count this product. 0 means that there is none left.
		var stock *int
		if !empty {
			stock = &n
		}
		set(&c, colStock, &p.Stock, stock)
	})
	c.words(colSizes, &p.Sizes)
	c.words(colAliases, &p.Aliases)
	return p, c.changed
}
