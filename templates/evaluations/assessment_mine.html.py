BBBBBBB BBBBBBBBBBB
BBBB BBBBBBBBBBBBBBBB BBBB BBBBBB BBBBBB
BBBBB BBBBB gettext(u'My mentor assessments') BBBBBBBB

BBBBB BBBBXXXXX XXXXXXXXXXXXXXXX XXXXXXBBBBBB BBBBBBBBBBBBBBBBBBBBXXBBBBBBBB

BBBBB BBBBBBB gettext(u'My mentor assessments') BBBBBBBB

BBBBB BBBB gettext(u'What the branch committee decided about your help to others, once it was shown to you.') BBBBBBBB

BBBBB BBBBBBB
  BBBBBBBBBBBBBBBB
  BB BBBB
    XXX XXXXXXXXXXXXXXXXX
      BBB BBB BB BBBB
        XXXX
          XXXX XXXXXXXXXXXXXXXXX
            XX XXXXXXXXXXXXXXXXX XXXXXXBBB BBBBBBBBBBBB BBBBBBBBBBBBBBBBBXX X  gettext(u'version %(number)s') SSSSSSS SSSSSSSSSSXXXX
            XXXBB BBBBBBBBBBBBBBBBBBBB BB BBB BBBB X  gettext(u'sum')  BBBBBXXXX
          XXXXXX
          BBBB BBBBBBBBBBBBBBBBBBBBBBBBBB BBBBBBB BBBBBBBBBBBBBB
        XXXXX
      BBBBBB
    XXXXX
  BBBB
     gettext(u'Nothing was shown to you yet') 
     gettext(u'Once a year your branch committee looks at what you did for those you help. When it has decided, you read it here and may object.') 
    BBB BBBBBBBBBBBBBB BB BBB
     gettext(u'My mentoring') 
    BBBBBBB BBBBBBBBBBBBBBBBBBBBB BBBB BBBBBBBBBBBBBBBBBBBBBBBBBB BBBBBBBBBBBBBBBBB BBBBBBBBBBBBBBB
  BBBBB
BBBBBBBB BBBBBBB
