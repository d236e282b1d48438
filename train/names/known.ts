const list = (words: string): readonly string[] => words.split(',').map((word) => word.trim());

/** Places that are spoken of more than others: cities, regions, rivers, and countries by their short and other names. */
export const PLACES = list(
  `London,Paris,Berlin,Madrid,Rome,Vienna,Zurich,Geneva,Bern,Basel,Munich,Hamburg,Cologne,Frankfurt,Stuttgart,Leipzig,Dresden,Bremen,Hanover,
Amsterdam,Rotterdam,The Hague,Utrecht,Brussels,Antwerp,Ghent,Bruges,Copenhagen,Aarhus,Odense,Oslo,Bergen,Trondheim,Stockholm,Gothenburg,Malmö,Uppsala,Helsinki,Tampere,Turku,Espoo,
Tallinn,Tartu,Riga,Vilnius,Kaunas,Warsaw,Kraków,Krakow,Gdańsk,Wrocław,Poznań,Prague,Brno,Ostrava,Bratislava,Budapest,Debrecen,Szeged,Bucharest,Cluj,Sofia,Plovdiv,Belgrade,Zagreb,Split,Ljubljana,
Maribor,Sarajevo,Skopje,Tirana,Athens,Thessaloniki,Patras,Nicosia,Limassol,Larnaca,Istanbul,Ankara,Izmir,Antalya,Moscow,Saint Petersburg,Kazan,Kyiv,Kiev,Lviv,Odesa,Kharkiv,Minsk,Chisinau,Tbilisi,Yerevan,Baku,
Milan,Turin,Naples,Florence,Venice,Bologna,Genoa,Palermo,Verona,Barcelona,Valencia,Seville,Bilbao,Malaga,Zaragoza,Lisbon,Porto,Braga,Coimbra,Faro,Lyon,Marseille,Nice,Toulouse,Bordeaux,Lille,Nantes,Strasbourg,
Dublin,Cork,Galway,Limerick,Belfast,Edinburgh,Glasgow,Aberdeen,Cardiff,Swansea,Manchester,Liverpool,Birmingham,Leeds,Sheffield,Bristol,Nottingham,Oxford,Cambridge,Brighton,York,Bath,Norwich,Exeter,Reykjavik,Akureyri,
New York,New York City,NYC,Los Angeles,LA,Chicago,Houston,Phoenix,Philadelphia,San Antonio,San Diego,Dallas,Austin,San Jose,San Francisco,Seattle,Portland,Denver,Boston,Miami,Atlanta,Detroit,Baltimore,Las Vegas,
New Orleans,Cleveland,Pittsburgh,Cincinnati,St. Louis,Minneapolis,Milwaukee,Kansas City,Omaha,Tulsa,Albuquerque,Tucson,Sacramento,Fresno,Oakland,Honolulu,Anchorage,Boise,Salt Lake City,Nashville,Memphis,Louisville,Charlotte,
Raleigh,Richmond,Buffalo,Rochester,Albany,Hartford,Providence,Toronto,Montreal,Vancouver,Calgary,Edmonton,Ottawa,Winnipeg,Quebec,Halifax,Victoria,Mexico City,Guadalajara,Monterrey,Puebla,Tijuana,Havana,Kingston,San Juan,
Bogotá,Medellín,Cali,Quito,Guayaquil,Lima,Cusco,La Paz,Santiago,Valparaíso,Buenos Aires,Córdoba,Rosario,Mendoza,Montevideo,Asunción,São Paulo,Sao Paulo,Rio de Janeiro,Brasília,Salvador,Recife,Fortaleza,Curitiba,Porto Alegre,
Cairo,Alexandria,Casablanca,Rabat,Marrakesh,Tunis,Sfax,Algiers,Tripoli,Lagos,Abuja,Accra,Dakar,Nairobi,Mombasa,Kampala,Kigali,Addis Ababa,Johannesburg,Cape Town,Durban,Pretoria,Harare,Lusaka,Maputo,Luanda,
Jerusalem,Tel Aviv,Haifa,Beirut,Damascus,Amman,Baghdad,Tehran,Isfahan,Riyadh,Jeddah,Mecca,Dubai,Abu Dhabi,Doha,Kuwait City,Muscat,Kabul,Karachi,Lahore,Islamabad,Delhi,New Delhi,Mumbai,Bangalore,Chennai,Kolkata,Hyderabad,Pune,
Dhaka,Colombo,Kathmandu,Yangon,Bangkok,Phuket,Hanoi,Ho Chi Minh City,Saigon,Phnom Penh,Vientiane,Kuala Lumpur,Penang,Singapore,Jakarta,Bandung,Surabaya,Bali,Manila,Cebu,Taipei,Hong Kong,Macau,Beijing,Shanghai,Shenzhen,
Guangzhou,Chengdu,Wuhan,Nanjing,Seoul,Busan,Incheon,Pyongyang,Tokyo,Osaka,Kyoto,Nagoya,Sapporo,Fukuoka,Hiroshima,Ulaanbaatar,Almaty,Astana,Tashkent,Samarkand,Sydney,Melbourne,Brisbane,Perth,Adelaide,Canberra,Hobart,Darwin,
Auckland,Wellington,Christchurch,Dunedin,Suva,California,Texas,Florida,Nevada,Oregon,Ohio,Utah,Alaska,Hawaii,Virginia,Georgia,Michigan,Illinois,Colorado,Arizona,Montana,Tennessee,Massachusetts,Pennsylvania,Ontario,Alberta,Bavaria,
Tuscany,Sicily,Sardinia,Catalonia,Andalusia,Galicia,Normandy,Brittany,Provence,Corsica,Saxony,Tyrol,Bohemia,Moravia,Transylvania,Siberia,Crimea,Scotland,Wales,England,Cornwall,Kent,Devon,Yorkshire,Kerala,Punjab,Bengal,Queensland,Tasmania,
Europe,Asia,Africa,South America,North America,Latin America,Antarctica,Scandinavia,the Balkans,the Middle East,the Caribbean,the Alps,the Andes,the Himalayas,USA,US,the US,the USA,UK,the UK,United States,the United States,Great Britain,
America,Russia,Iran,Syria,Vietnam,South Korea,North Korea,Taiwan,Bolivia,Venezuela,Tanzania,Holland,Czechia,Turkey,Macedonia,Moldova,Laos,Brunei,Palestine,Kosovo,Ivory Coast,Congo,Burma,Swaziland,Cape Verde,Brooklyn,Manhattan,Queens,Harlem,
Hollywood,Soho,Montmartre,Kreuzberg,Shibuya,Kowloon,Silicon Valley,Wall Street,the Rhine,the Danube,the Nile,the Amazon,Lake Geneva,Lake Como,Mount Everest,Loch Ness,Long Island,Crete,Cyprus,Malta,Ibiza,Mallorca,Tenerife,Madeira,the Azores,Iceland,Greenland`.replaceAll(
    '\n',
    '',
  ),
);

/** Organisations that are spoken of more than others. */
export const ORGANISATIONS = list(
  `Google,Microsoft,Apple,Amazon,Facebook,Meta,Netflix,Twitter,LinkedIn,YouTube,Instagram,WhatsApp,TikTok,Spotify,Uber,Lyft,Airbnb,Tesla,SpaceX,Boeing,Airbus,IBM,Intel,AMD,Nvidia,Oracle,SAP,Salesforce,Adobe,Cisco,Dell,HP,
Lenovo,Sony,Samsung,LG,Panasonic,Toshiba,Hitachi,Siemens,Bosch,Philips,Nokia,Ericsson,Huawei,Xiaomi,Toyota,Honda,Nissan,Ford,General Motors,Volkswagen,BMW,Audi,Mercedes-Benz,Porsche,Volvo,Fiat,Renault,Peugeot,Hyundai,Kia,
Walmart,Target,Costco,IKEA,Lidl,Aldi,Tesco,Carrefour,Zara,Nike,Adidas,Puma,Gucci,Prada,Nestlé,Unilever,Procter & Gamble,Coca-Cola,Pepsi,Starbucks,Burger King,Subway,Danone,Heineken,Carlsberg,Visa,Mastercard,PayPal,
American Express,JPMorgan Chase,Goldman Sachs,Morgan Stanley,Citibank,Bank of America,Wells Fargo,HSBC,Barclays,Lloyds,Deutsche Bank,Commerzbank,UBS,Credit Suisse,BNP Paribas,Santander,ING,Allianz,AXA,Zurich Insurance,Aetna,Pfizer,
Novartis,Roche,Bayer,Merck,AstraZeneca,Moderna,GlaxoSmithKline,Shell,BP,ExxonMobil,Chevron,TotalEnergies,Gazprom,Deloitte,KPMG,PwC,Ernst & Young,Accenture,McKinsey,Bain,FedEx,UPS,DHL,Lufthansa,KLM,Ryanair,EasyJet,British Airways,Emirates,
Delta,United Airlines,Air France,Marriott,Hilton,Booking.com,Expedia,Disney,Warner Bros,Universal,BBC,CNN,Reuters,Bloomberg,The New York Times,The Guardian,Der Spiegel,Le Monde,NASA,ESA,FBI,CIA,NATO,UNESCO,UNICEF,WHO,the World Bank,the United Nations,
the European Union,the IMF,the Red Cross,Greenpeace,Amnesty International,Harvard,Stanford,MIT,Yale,Princeton,Oxford University,ETH Zurich,Sorbonne,Manchester United,Real Madrid,FC Barcelona,Bayern Munich,Liverpool FC,the Yankees,the Lakers,OpenAI,Anthropic,
GitHub,Slack,Zoom,Dropbox,Stripe,Square,Shopify,eBay,Etsy,Alibaba,Tencent,Baidu,Vodafone,T-Mobile,AT&T,Verizon,Comcast,Orange,Telefónica,Swisscom,the Ministry of Finance,the Department of Health,the Supreme Court,Congress,the Senate,Parliament`.replaceAll(
    '\n',
    '',
  ),
);
