"""The languages that cards name: all of ISO 639-1, and of ISO 639-3 those that data sets hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Tables for a person to read, so a row holds what fits: `code name`, with `;` after each.
_SHORT: Final = """
aa Afar; ab Abkhazian; ae Avestan; af Afrikaans; ak Akan; am Amharic; an Aragonese; ar Arabic;
as Assamese; av Avaric; ay Aymara; az Azerbaijani; ba Bashkir; be Belarusian; bg Bulgarian;
bh Bihari; bi Bislama; bm Bambara; bn Bengali; bo Tibetan; br Breton; bs Bosnian; ca Catalan;
ce Chechen; ch Chamorro; co Corsican; cr Cree; cs Czech; cu Church Slavic; cv Chuvash; cy Welsh;
da Danish; de German; dv Divehi; dz Dzongkha; ee Ewe; el Greek; en English; eo Esperanto;
es Spanish; et Estonian; eu Basque; fa Persian; ff Fulah; fi Finnish; fj Fijian; fo Faroese;
fr French; fy Western Frisian; ga Irish; gd Scottish Gaelic; gl Galician; gn Guarani; gu Gujarati;
gv Manx; ha Hausa; he Hebrew; hi Hindi; ho Hiri Motu; hr Croatian; ht Haitian; hu Hungarian;
hy Armenian; hz Herero; ia Interlingua; id Indonesian; ie Interlingue; ig Igbo; ii Sichuan Yi;
ik Inupiaq; io Ido; is Icelandic; it Italian; iu Inuktitut; ja Japanese; jv Javanese; ka Georgian;
kg Kongo; ki Kikuyu; kj Kuanyama; kk Kazakh; kl Kalaallisut; km Khmer; kn Kannada; ko Korean;
kr Kanuri; ks Kashmiri; ku Kurdish; kv Komi; kw Cornish; ky Kyrgyz; la Latin; lb Luxembourgish;
lg Ganda; li Limburgan; ln Lingala; lo Lao; lt Lithuanian; lu Luba-Katanga; lv Latvian;
mg Malagasy; mh Marshallese; mi Maori; mk Macedonian; ml Malayalam; mn Mongolian; mr Marathi;
ms Malay; mt Maltese; my Burmese; na Nauru; nb Norwegian Bokmål; nd North Ndebele; ne Nepali;
ng Ndonga; nl Dutch; nn Norwegian Nynorsk; no Norwegian; nr South Ndebele; nv Navajo; ny Nyanja;
oc Occitan; oj Ojibwa; om Oromo; or Oriya; os Ossetian; pa Panjabi; pi Pali; pl Polish; ps Pashto;
pt Portuguese; qu Quechua; rm Romansh; rn Rundi; ro Romanian; ru Russian; rw Kinyarwanda;
sa Sanskrit; sc Sardinian; sd Sindhi; se Northern Sami; sg Sango; sh Serbo-Croatian; si Sinhala;
sk Slovak; sl Slovenian; sm Samoan; sn Shona; so Somali; sq Albanian; sr Serbian; ss Swati;
st Southern Sotho; su Sundanese; sv Swedish; sw Swahili; ta Tamil; te Telugu; tg Tajik; th Thai;
ti Tigrinya; tk Turkmen; tl Tagalog; tn Tswana; to Tonga; tr Turkish; ts Tsonga; tt Tatar; tw Twi;
ty Tahitian; ug Uyghur; uk Ukrainian; ur Urdu; uz Uzbek; ve Venda; vi Vietnamese; vo Volapük;
wa Walloon; wo Wolof; xh Xhosa; yi Yiddish; yo Yoruba; za Zhuang; zh Chinese; zu Zulu
"""

_LONG: Final = """
abk Abkhazian; ace Acehnese; acm Mesopotamian Arabic; acq Ta'izzi-Adeni Arabic;
aeb Tunisian Arabic; ajp South Levantine Arabic; als Tosk Albanian; ami Amis; ang Old English;
apc Levantine Arabic; arb Standard Arabic; arq Algerian Arabic; ars Najdi Arabic;
ary Moroccan Arabic; arz Egyptian Arabic; ast Asturian; awa Awadhi; ayr Central Aymara;
azb South Azerbaijani; azj North Azerbaijani; ban Balinese; bar Bavarian; bcl Central Bikol;
bem Bemba; bew Betawi; bho Bhojpuri; bjn Banjar; bpy Bishnupriya; brx Bodo; bug Buginese;
bxr Russia Buriat; cbk Chavacano; ceb Cebuano; cgg Chiga; chr Cherokee; ckb Central Kurdish;
cjk Chokwe; cmn Mandarin Chinese; cnh Hakha Chin; crh Crimean Tatar; csb Kashubian; dar Dargwa;
dga Southern Dagaare; dik Southwestern Dinka; diq Dimli; doi Dogri; dsb Lower Sorbian; dty Dotyali;
dyu Dyula; ekk Standard Estonian; eml Emiliano-Romagnolo; ewe Ewe; ext Extremaduran;
fat Fanti; fil Filipino; fon Fon; frp Arpitan; frr Northern Frisian; fur Friulian;
fuv Nigerian Fulfulde; gaa Ga; gag Gagauz; gan Gan Chinese; gaz West Central Oromo;
glk Gilaki; gom Goan Konkani; got Gothic; grc Ancient Greek; gsw Swiss German; guc Wayuu;
guw Gun; hak Hakka Chinese; haw Hawaiian; hbo Ancient Hebrew; hif Fiji Hindi; hil Hiligaynon;
hmn Hmong; hne Chhattisgarhi; hsb Upper Sorbian; hsn Xiang Chinese; ibo Igbo; iba Iban;
ilo Iloko; inh Ingush; jam Jamaican Creole English; jbo Lojban; kaa Kara-Kalpak; kab Kabyle;
kac Kachin; kam Kamba; kbd Kabardian; kbp Kabiyè; kea Kabuverdianu; khk Halh Mongolian;
kmb Kimbundu; kmr Northern Kurdish; knc Central Kanuri; koi Komi-Permyak; kok Konkani;
kon Kongo; kpv Komi-Zyrian; krc Karachay-Balkar; kri Krio; ksh Kölsch; kum Kumyk; lad Ladino;
lez Lezghian; lfn Lingua Franca Nova; lij Ligurian; lld Ladin; lmo Lombard; lrc Northern Luri;
ltg Latgalian; ltz Luxembourgish; lua Luba-Lulua; luo Luo; lus Lushai; luy Luyia; lvs Standard
Latvian; lzh Literary Chinese; mad Madurese; mag Magahi; mai Maithili; mam Mam; mdf Moksha;
mey Hassaniyya; mhr Eastern Mari; min Minangkabau; mni Manipuri; mos Mossi; mrj Western Mari;
mwl Mirandese; myv Erzya; mzn Mazanderani; nah Nahuatl; nan Min Nan Chinese; nap Neapolitan;
nds Low German; new Newari; nia Nias; niu Niuean; npi Nepali; nso Northern Sotho; nus Nuer;
nyn Nyankole; nya Nyanja; olo Livvi; ory Odia; pag Pangasinan; pam Pampanga; pap Papiamento;
pbt Southern Pashto; pcd Picard; pcm Nigerian Pidgin; pdc Pennsylvania German; pes Iranian
Persian; pfl Palatine German; plt Plateau Malagasy; pms Piemontese; pnb Western Panjabi;
prs Dari; quc K'iche'; quy Ayacucho Quechua; quz Cusco Quechua; rap Rapanui; rmy Vlax Romani;
rom Romany; rue Rusyn; sah Yakut; sat Santali; scn Sicilian; sco Scots; sgs Samogitian;
shi Tachelhit; shn Shan; shp Shipibo-Conibo; sma Southern Sami; smj Lule Sami; smn Inari Sami;
sms Skolt Sami; srn Sranan Tongo; srr Serer; stq Saterfriesisk; swc Congo Swahili; swh Swahili;
syr Syriac; szl Silesian; taq Tamasheq; tay Atayal; tcy Tulu; tet Tetum; tig Tigre;
tpi Tok Pisin; trv Sediq; tsn Tswana; tso Tsonga; tum Tumbuka; tyv Tuvinian; tzm Central Atlas
Tamazight; udm Udmurt; umb Umbundu; uzn Northern Uzbek; vec Venetian; ven Venda; vep Veps;
vls Vlaams; vot Votic; vro Võro; war Waray; wuu Wu Chinese; xal Kalmyk; xmf Mingrelian;
ydd Eastern Yiddish; yua Yucateco; yue Yue Chinese; zea Zeeuws; zgh Standard Moroccan Tamazight;
zsm Standard Malay; zza Zaza
"""

_NO_LANGUAGES: Final = {"multilingual": "Multilingual", "code": "Code"}


def _read_rows(text: str) -> Mapping[str, str]:
    entries = " ".join(text.split()).split("; ")
    return {code: name for code, _, name in (entry.partition(" ") for entry in entries)}


LANGUAGES: Final[Mapping[str, str]] = {**_read_rows(_SHORT), **_read_rows(_LONG), **_NO_LANGUAGES}
"""The English name of each language by its code; `multilingual` and `code` are two more."""

# Two codes may share a name: the shorter one is meant.
_CODES: Final = {name.lower(): code for code, name in reversed([*LANGUAGES.items()])}


def find_language(text: str) -> str | None:
    """The code of a language that is given by its code or its English name, in any case.

    What follows the code stays: `pt-BR` is a language, since `pt` is one.
    """
    lowered = text.lower()
    if lowered in LANGUAGES:
        return lowered
    first, separator, rest = text.replace("_", "-").partition("-")
    if separator and first.lower() in LANGUAGES and _is_subtag(rest):
        return f"{first.lower()}-{rest}"
    return _CODES.get(lowered)


def _is_subtag(text: str) -> bool:
    """Whether this is a script or a region, such as `BR`, `Hant` or `Latn-419`."""
    parts = text.split("-")
    return len(parts) <= 3 and all(2 <= len(p) <= 8 and p.isascii() and p.isalnum() for p in parts)
