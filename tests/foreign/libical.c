/* uid|start|end in seconds since 1970, by libical and the file's own VTIMEZONE. */
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>

static long seconds(icalcomponent *event, icalproperty_kind kind)
{
    icalproperty *property = icalcomponent_get_first_property(event, kind);
    struct icaltimetype at = icalproperty_get_datetime_with_component(property, event);
    return (long)icaltime_as_timet_with_zone(at, icaltime_get_timezone(at));
}

int main(int count, char **words)
{
    FILE *file = fopen(words[1], "rb");
    static char text[1000000];
    (void)count;
    fread(text, 1, sizeof text - 1, file);
    icalcomponent *calendar = icalparser_parse_string(text);
    icalcomponent *event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    for (; event; event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT))
        printf("%s|%ld|%ld\n", icalcomponent_get_uid(event), seconds(event, ICAL_DTSTART_PROPERTY),
               seconds(event, ICAL_DTEND_PROPERTY));
    return 0;
}
