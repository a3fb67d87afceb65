package reply

// Intents of the ECOMMERCE template, beside [intentPrices] and [intentContact].
const (
	intentProducts = "products"
	intentOrder    = "order"
	intentDelivery = "delivery"
	intentFollowUp = "follow_up" // an order made before
	intentPayment  = "payment"
)

// ecommerce serves shops. An order that exists comes first, since the words of a
// new one are in it too; price stands before order, as in the original.
var ecommerce = template{
	menu: []string{intentProducts, intentPrices, intentOrder, intentDelivery},
	topics: []topic{
		{intent: intentFollowUp, keywords: keywords(`
			track*, where is my, where's my, my order, my package, my parcel, order status,
			status of, delivery status, cancel*, +cancel, refund*, reimburse*, return*, exchange*,
			money back, not arrived, not received, compensation, *ghairi*, *rudish*, *rejesh*,
			haijafika, halijafika, hazijafika, sijapata, sijapokea, agizo langu, oda yangu,
			order yangu, maagizo yangu, mzigo wangu, kiko wapi, liko wapi, uko wapi, ziko wapi,
			tayari lini, kitakuwa tayari, *badilish*
		`)},
		// "How much is it if I order two" is about the price.
		{intent: intentPrices, keywords: priceWords},
		// Names of mobile money mean paying.
		{intent: intentPayment, keywords: keywords(`
			paying, payment*, +pay, invoice*, bill, bills, mpesa, m pesa, tigopesa, tigo pesa,
			airtel money, halopesa, lipa, *lipia*, nilipe*, kulipa, malipo, ankara, bili
		`)},
		{intent: intentDelivery, keywords: keywords(`
			deliver*, +deliver, ship, shipping, shipment*, takeaway*, take away, take out,
			courier, *letewa*, *leteeni, niletee*, mnaleta, unaleta, inaleta, huleta, *safirish*,
			*wasilish*, utoaji, kubeba, delivary
		`)},
		// A bare "2" after the question for an order is how many, not the menu's second line.
		{intent: intentOrder, countable: true, keywords: keywords(`
			+order, orders, ordered, ordering, +buy, buying, purchase*, *agiz*, oda, +nunua,
			ninunue*, manunuzi
		`)},
		{intent: intentContact, keywords: contactWords},
		// Last, because its words, such as "do you have", open questions of any kind.
		{intent: intentProducts, keywords: keywords(`
			product*, item*, catalog*, do you have, do you sell, stock, selling, looking for,
			*bidhaa*, mnauza, unauza, wanauza, mna, mnazo, katalogi, natafuta, ninatafuta, zipo,
			ipo
		`)},
	},
}
